"use client";

import { parseAsStringLiteral, useQueryState } from "nuqs";
import type { ComponentType } from "react";
import { PageHeader } from "#components/page.tsx";
import { Tab, TabPanel, Tabs, TabsList } from "#components/ui/tabs.tsx";
import { useMe } from "#features/session/session.tsx";
import { AccountTab } from "./account-tab.tsx";
import { ApiTab } from "./api-tab.tsx";
import { AuditTab } from "./audit-tab.tsx";
import { DisplayTab } from "./display-tab.tsx";
import { KeysTab } from "./keys-tab.tsx";
import { UsersTab } from "./users-tab.tsx";

interface SettingsTab {
  value: (typeof TABS)[number];
  label: string;
  content: ComponentType;
  /** Only administrators see it. The server refuses its content to others as well. */
  admin?: true;
}

const TABS = ["account", "display", "users", "keys", "audit", "api"] as const;

/** What can be set, one tab each. */
const SETTINGS: readonly SettingsTab[] = [
  { value: "account", label: "Account", content: AccountTab },
  { value: "display", label: "Display", content: DisplayTab },
  { value: "users", label: "Users", content: UsersTab, admin: true },
  { value: "keys", label: "API keys", content: KeysTab },
  { value: "audit", label: "Audit log", content: AuditTab, admin: true },
  { value: "api", label: "API", content: ApiTab },
];

/** The settings: one's own account and display, and for administrators the users and what they did. */
export function SettingsPage() {
  const { user } = useMe();
  const [wanted, setTab] = useQueryState("tab", parseAsStringLiteral(TABS).withDefault("account"));
  const tabs = SETTINGS.filter(({ admin = false }) => !admin || user.role === "admin");
  const tab = tabs.find(({ value }) => value === wanted)?.value ?? "account";
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-3 p-4 md:p-6">
      <PageHeader title="Settings" />
      <Tabs value={tab} onValueChange={(next) => void setTab(TABS.find((value) => value === next) ?? null)}>
        <TabsList>
          {tabs.map(({ value, label }) => (
            <Tab key={value} value={value}>
              {label}
            </Tab>
          ))}
        </TabsList>
        {tabs.map(({ value, content: Content }) => (
          <TabPanel key={value} value={value} className="pt-4">
            <Content />
          </TabPanel>
        ))}
      </Tabs>
    </div>
  );
}

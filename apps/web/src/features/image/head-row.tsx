import type { ImageDetail } from "@coppice/server/router";
import { Badge } from "#components/ui/badge.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { Time } from "#components/value/time.tsx";
import { Rail } from "./rail.tsx";
import { RailRow } from "./rail-row.tsx";

/** The image as it is now. */
export function HeadRow({ image, below }: { image: ImageDetail; below: boolean }) {
  return (
    <RailRow
      rail={<Rail kind="head" above={false} below={below} />}
      name={
        <>
          <span className="font-medium">Current state</span>
          <Badge tone="brand">HEAD</Badge>
        </>
      }
      time={image.modifiedAt === null ? null : <Time at={image.modifiedAt} />}
      size={<Bytes value={image.size} />}
    />
  );
}

import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { diffAgreement } from "./diff-agreement.ts";

diffAgreement(await usePlainRbd("agree"), false);

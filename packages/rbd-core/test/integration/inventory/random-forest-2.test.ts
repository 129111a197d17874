import { testSeed } from "../../support/test-seed.ts";
import { useRandomForest } from "../../support/use-random-forest.ts";
import { headerAgreement } from "./header-agreement.ts";
import { inventoryAgreement } from "./inventory-agreement.ts";

const random = useRandomForest("forest-2", testSeed + 1, 60);

headerAgreement(random);
inventoryAgreement(random);

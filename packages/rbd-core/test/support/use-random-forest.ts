import { afterAll, beforeAll, inject } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { growRandomForest, type RandomForest } from "./random-forest.ts";
import { RbdCli } from "./rbd-cli.ts";
import { type WitnessedImage, witnessImages } from "./rbd-witness.ts";

/** A random forest, and what `rbd` tells about it. Available while tests run. */
export interface WitnessedForest {
  readonly cli: RbdCli;
  readonly forest: RandomForest;
  readonly images: readonly WitnessedImage[];
  readonly cluster: Cluster;
}

/** Gives a test file its own random forest and connection: created before its tests, and removed after them. */
export function useRandomForest(name: string, seed: number, steps: number): WitnessedForest {
  const cli = new RbdCli(inject("cephConf"));
  let forest: RandomForest | undefined;
  let images: readonly WitnessedImage[] = [];
  let cluster: Cluster | undefined;

  beforeAll(async () => {
    forest = await growRandomForest(cli, name, seed, steps);
    images = await witnessImages(cli, forest.places);
    cluster = await connect({ conf: cli.conf });
  }, 300_000);
  afterAll(async () => {
    await cluster?.close();
    await forest?.[Symbol.asyncDispose]();
  });

  return {
    cli,
    get forest() {
      return available(forest);
    },
    get images() {
      return images;
    },
    get cluster() {
      return available(cluster);
    },
  };
}

function available<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the forest is grown before the first test");
  return value;
}

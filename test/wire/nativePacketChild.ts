/**
 * Runs one scene of the packet port inside a namespace that has both ends of a veth link: what is sent out of `left` arrives
 * on `right`, and the other way round. The scene is named on the command line, its arguments come as JSON on stdin, what was
 * seen goes out on stdout.
 */
import { readFileSync } from 'node:fs';
import type { Scene, SceneArguments } from './nativePacketGround.ts';
import { type LifeName, life } from './nativePacketLife.ts';
import { type TrafficName, traffic } from './nativePacketTraffic.ts';

/** Name of a scene. */
export type SceneName = LifeName | TrafficName;

const scenes: Readonly<Record<SceneName, Scene>> = { ...life, ...traffic };
const seen = await scenes[process.argv[2] as SceneName](
  JSON.parse(readFileSync(0, 'utf8')) as SceneArguments,
);
process.stdout.write(JSON.stringify(seen));

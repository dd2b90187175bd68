/** Holds Dockerfile, docker-compose.yml and the repository against each other, where no engine is there to do it. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VARIABLES } from "../src/config/variables.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const dockerfile = read("Dockerfile");
const compose = read("docker-compose.yml");

test("npm sees every workspace before it installs", () => {
  const { workspaces } = JSON.parse(read("package.json")) as { workspaces: string[] };
  const manifests = workspaces.flatMap(pattern => globSync(`${pattern}/package.json`, { cwd: ROOT }));
  expect(manifests.length).toBeGreaterThan(5);
  for (const manifest of manifests)
    expect(dockerfile).toContain(`COPY ${manifest} ${manifest.replace("package.json", "")}\n`);
});

test("what is copied from the context is there and not ignored", () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
    sources!.split(" "),
  );
  const ignored = read(".dockerignore")
    .split("\n")
    .filter(line => line !== "" && !line.startsWith("#"));
  for (const path of copied.filter(path => path !== ".")) {
    expect(existsSync(join(ROOT, path)), path).toBe(true);
    const isIgnored = ignored.some(rule => path === rule || path.startsWith(`${rule}/`));
    expect(isIgnored && !ignored.includes(`!${path}`), path).toBe(false);
  }
});

test("the image runs as nobody special, on the port and the volume that compose publishes", () => {
  expect(dockerfile).toMatch(/^USER node$/m);
  expect(dockerfile).toMatch(/chown node:node \/data/);
  expect(dockerfile).toMatch(/^VOLUME \/data$/m);
  expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
  const port = VARIABLES.PORT.default;
  expect(dockerfile).toMatch(new RegExp(`^EXPOSE ${port}$`, "m"));
  expect(compose).toContain(`ports: ["${port}:${port}"]`);
  expect(compose).toContain('volumes: ["data:/data"]');
  expect(compose).toContain("read_only: true");
  expect(compose).toContain("cap_drop: [ALL]");
});

test("every variable that they set exists", () => {
  const fromImage =
    /^ENV NODE_ENV=production (.*)$/m
      .exec(dockerfile)?.[1]
      ?.split(" ")
      .map(pair => pair.split("=")[0]) ?? [];
  const fromCompose = [...compose.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name]) => name);
  expect(fromImage.length + fromCompose.length).toBeGreaterThan(3);
  for (const name of [...fromImage, ...fromCompose]) expect(Object.keys(VARIABLES)).toContain(name);
});

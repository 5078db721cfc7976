// A public JavaScript client against a real server.
import assert from "node:assert/strict";
import { spawn, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FlightSQLClient } from "@gizmodata/gizmosql-client";

const BIN = process.env.VOLLEY_BIN ?? "volley";
const servers = [];
const folders = [];

function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), "volley-node-"));
  folders.push(folder);
  return folder;
}

async function serve(...args) {
  const folder = makeFolder();
  const ready = join(folder, "ready");
  const p = spawn(BIN, ["serve", "--listen", "127.0.0.1:0", "--ready-file", ready, "--state", join(folder, "state"), "--drain", "2s", ...args], { stdio: "ignore" });
  servers.push(p);
  for (let i = 0; !existsSync(ready); i++) {
    assert.ok(i < 600 && p.exitCode === null, "the server did not start");
    await new Promise((r) => setTimeout(r, 50));
  }
  return { folder, port: Number(readFileSync(ready, "utf8").split(/\s/)[0].split(":").pop()) };
}

let open, client;

before(async () => {
  open = await serve();
  client = new FlightSQLClient({ host: "127.0.0.1", port: open.port, plaintext: true });
});

after(async () => {
  await client?.close();
  await Promise.all(servers.map((p) => new Promise((over) => (p.exitCode === null ? p.once("exit", over).kill() : over()))));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test("a query", async () => {
  const t = await client.execute("SELECT id, CAST(id AS STRING) AS s, CAST(id AS DOUBLE) / 2 AS d FROM range(3) ORDER BY id");
  assert.deepEqual(t.toArray().map((r) => [Number(r.id), r.s, r.d]), [[0, "0", 0], [1, "1", 0.5], [2, "2", 1]]);
});

test("DDL, DML and what they made", async () => {
  await client.execute("CREATE OR REPLACE TABLE node AS SELECT 1 AS a");
  await client.execute("INSERT INTO node VALUES (2)");
  const t = await client.execute("SELECT sum(a) AS s FROM node");
  assert.equal(Number(t.toArray()[0].s), 3);
});

test("metadata", async () => {
  assert.deepEqual(await client.getCatalogs(), ["spark_catalog"]);
  assert.ok((await client.getSchemas()).some((x) => x.schema === "default"));
  const tables = await client.getTables(undefined, "default", "no%");
  assert.deepEqual(tables.map((x) => [x.tableName, x.tableType]), [["node", "TABLE"]]);
  assert.ok((await client.getTableTypes()).includes("VIEW"));
  assert.ok((await client.getSqlInfo()).size > 60);
});

test("an error has its condition", async () => {
  await assert.rejects(client.execute("SELECT * FROM nowhere"), /TABLE_OR_VIEW_NOT_FOUND/);
});

test("what the client cannot do", async () => {
  await assert.rejects(client.prepare("SELECT 1 + ?"), /Request message serialization failure/); // it sends no message at all
});

test("a login over TLS", async () => {
  const folder = makeFolder();
  const hash = execFileSync(BIN, ["serve", "hash-password"], { input: "open sesame" }).toString().trim();
  writeFileSync(join(folder, "users"), `ana:${hash}\n`);
  const s = await serve("--dev-cert", "--auth", "users", "--users", join(folder, "users"));
  const c = new FlightSQLClient({ host: "localhost", port: s.port, tlsSkipVerify: true, username: "ana", password: "open sesame" });
  const t = await c.execute("SELECT current_user() AS u");
  assert.equal(t.toArray()[0].u, "ana");
  await c.close();
  const bad = new FlightSQLClient({ host: "localhost", port: s.port, tlsSkipVerify: true, username: "ana", password: "no" });
  await assert.rejects(bad.execute("SELECT 1"));
  await bad.close();
});

test("the code of docs/clients.md", async () => {
  const retail = await serve("--tables", join(process.env.VOLLEY_ROOT, "testdata", "retail"));
  const [, code] = readFileSync(join(process.env.VOLLEY_ROOT, "docs", "clients.md"), "utf8").match(/```js\n(.*?)```/s);
  const file = join(import.meta.dirname, "docs-clients.mjs");
  writeFileSync(file, code.replace("31337", String(retail.port)) + "\nconsole.log(table.numRows);\nprocess.exit(0);\n");
  assert.equal(execFileSync(process.execPath, [file], { encoding: "utf8" }).trim(), "40");
});

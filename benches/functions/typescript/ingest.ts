// The ingest job with the SDK for JavaScript: `POST /sms` verified, validated, stored once, started.

import { createHash, timingSafeEqual } from "node:crypto";
import { DynamoDBClient, TransactWriteItemsCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { run } from "./loop";

const dynamodb = new DynamoDBClient({ maxAttempts: 1 });
const states = new SFNClient({ maxAttempts: 1 });
const secrets = new SecretsManagerClient({ maxAttempts: 1 });
const { TABLE_NAME, STATE_MACHINE_ARN, SECRET_ID } = process.env;
const DELAYS: Record<string, number> = { advance_in_transit: 0, advance_approved: 120 };
const FIELDS = ["event_id", "event", "user", "amount", "metadata"];
let apiKey: Buffer | undefined;

async function keys(): Promise<Buffer> {
  if (!apiKey) {
    const answer = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET_ID }));
    apiKey = Buffer.from(JSON.parse(answer.SecretString!).api_key);
  }
  return apiKey;
}

const answer = (statusCode: number, body: unknown) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

function violations(body: any): string[] {
  const found = Object.keys(body).filter((name) => !FIELDS.includes(name)).map((name) => `/${name}`);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
  if (!uuid.test(body.event_id)) found.push("/event_id");
  if (!(body.event in DELAYS)) found.push("/event");
  if (!/^\+[1-9]\d{6,14}$/.test(body.user?.phone)) found.push("/user/phone");
  if (body.event === "advance_approved" && !(typeof body.amount === "number" && body.amount >= 0)) found.push("/amount");
  return found;
}

function canonical(value: any): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

const stamp = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;

async function handler(event: any, requestId: string) {
  const given = Buffer.from(event.headers["x-api-key"] ?? "");
  const key = await keys();
  if (given.length !== key.length || !timingSafeEqual(given, key)) return answer(401, { type: "urn:afterword:unauthorized" });
  const body = JSON.parse(event.body);
  const wrong = violations(body);
  if (wrong.length) return answer(400, { errors: wrong.map((pointer) => ({ pointer })) });
  const now = Date.now();
  const conversation = `sms-${body.event_id.toLowerCase()}`;
  const due = stamp(now + DELAYS[body.event] * 1000 + 1000);
  const phone: string = body.user.phone;
  const expires = { N: String(Math.floor(now / 1000) + 91 * 86_400) };
  const text =
    body.event === "advance_approved" ? `Your advance of $${body.amount.toFixed(2)} is approved.` : "Your advance is in transit.";
  const step = { due: { S: due }, deadline: { S: stamp(now + 86_400_000) }, text: { S: text }, state: { S: "planned" } };
  const item = {
    pk: { S: `V#${conversation}` },
    sk: { S: "V" },
    expires_at: expires,
    contact: { S: phone },
    content_hash: { S: createHash("sha256").update(canonical(body)).digest("hex") },
    accepted_at: { S: stamp(now) },
    steps: { M: { text: { M: step } } },
  };
  const pointer = { pk: { S: `P#${phone}` }, sk: { S: `V#${conversation}` }, expires_at: expires };
  const put = { TableName: TABLE_NAME, Item: item, ConditionExpression: "attribute_not_exists(pk)" };
  await dynamodb.send(
    new TransactWriteItemsCommand({ TransactItems: [{ Put: put }, { Put: { TableName: TABLE_NAME, Item: pointer } }] }),
  );
  const input = JSON.stringify({ conversation_id: conversation, step: "text", due });
  await states.send(
    new StartExecutionCommand({ stateMachineArn: STATE_MACHINE_ARN, name: `${conversation}.text`, input }),
  );
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE_NAME,
      Key: { pk: item.pk, sk: item.sk },
      UpdateExpression: "SET started_at = if_not_exists(started_at, :at)",
      ExpressionAttributeValues: { ":at": { S: stamp(now) } },
    }),
  );
  console.log(JSON.stringify({ conversation_id: conversation, decision: "accepted", request_id: requestId }));
  return answer(202, { status: "accepted", event_id: body.event_id, conversation_id: conversation, due });
}

void run(handler);

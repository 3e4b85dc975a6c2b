// The send job with the SDK for JavaScript: look, claim, call Twilio, record.

import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { run } from "./loop";

const dynamodb = new DynamoDBClient({ maxAttempts: 1 });
const secrets = new SecretsManagerClient({ maxAttempts: 1 });
const parameters = new SSMClient({ maxAttempts: 1 });
const { TABLE_NAME, SECRET_ID, SENDING_PARAMETER, TWILIO_BASE_URL, TWILIO_FROM, PUBLIC_URL } = process.env;
const cached = new Map<string, any>();

async function once(name: string, read: () => Promise<any>) {
  if (!cached.has(name)) cached.set(name, await read());
  return cached.get(name);
}

const stamp = () => `${new Date().toISOString().slice(0, 19)}Z`;

async function handler(event: any, requestId: string) {
  const { conversation_id: name, step, due } = event;
  const said = (verdict: string, because: object) => ({ conversation_id: name, step, due, verdict, because });
  const key = { pk: { S: `V#${name}` }, sk: { S: "V" } };
  const { Item: item } = await dynamodb.send(new GetItemCommand({ TableName: TABLE_NAME, Key: key, ConsistentRead: true }));
  const plan = item!.steps.M![step].M!;
  if (item!.cancelled_at || item!.replied_at) return said("SkippedCancelled", {});
  if (plan.state.S !== "planned" || stamp() > plan.deadline.S!) return said("ExpiredTooLate", {});
  const sending = await once("switch", () => parameters.send(new GetParameterCommand({ Name: SENDING_PARAMETER })));
  if (sending.Parameter.Value !== "on") return said("Wait", { switch: "paused" });
  const phone = item!.contact.S!;
  const names = { "#steps": "steps", "#step": step, "#state": "state" };
  const claim = {
    TableName: TABLE_NAME,
    Key: key,
    UpdateExpression: "SET #steps.#step.#state = :claimed, #steps.#step.claim = :claim",
    ConditionExpression:
      "#steps.#step.#state = :planned AND attribute_not_exists(cancelled_at)" +
      " AND attribute_not_exists(superseded_at) AND attribute_not_exists(replied_at)",
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ":claimed": { S: "claimed" }, ":planned": { S: "planned" }, ":claim": { S: requestId } },
  };
  const contact = {
    TableName: TABLE_NAME,
    Key: { pk: { S: `P#${phone}` }, sk: { S: "C" } },
    UpdateExpression: "SET last_claim_at = :at",
    ConditionExpression: "attribute_not_exists(opted_out_at)",
    ExpressionAttributeValues: { ":at": { S: stamp() } },
  };
  await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: claim }, { Update: contact }] }));
  const secret = await once("secret", async () =>
    JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId: SECRET_ID }))).SecretString!),
  );
  const account = secret.twilio_account_sid;
  const response = await fetch(`${TWILIO_BASE_URL}/2010-04-01/Accounts/${account}/Messages.json`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${account}:${secret.twilio_auth_token}`).toString("base64")}` },
    body: new URLSearchParams({
      To: phone,
      From: TWILIO_FROM!,
      Body: plan.text.S!,
      StatusCallback: `${PUBLIC_URL}/twilio/status?conversation=${name}&step=${step}&attempt=1`,
    }),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status !== 201) return said("RejectedByProvider", { status: response.status });
  const { sid } = (await response.json()) as { sid: string };
  const because = { provider: "twilio", provider_message_id: sid, attempt: 1 };
  const record = {
    TableName: TABLE_NAME,
    Key: key,
    UpdateExpression: "SET #steps.#step.#state = :sent, #steps.#step.because = :because",
    ConditionExpression: "#steps.#step.claim = :claim",
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ":sent": { S: "Sent" }, ":because": { S: JSON.stringify(because) }, ":claim": { S: requestId } },
  };
  const message = { pk: { S: `M#twilio#${sid}` }, sk: { S: "M" }, conversation: { S: name } };
  await dynamodb.send(
    new TransactWriteItemsCommand({
      TransactItems: [{ Update: record }, { Put: { TableName: TABLE_NAME, Item: message } }],
    }),
  );
  console.log(JSON.stringify({ conversation_id: name, step, decision: "Sent", request_id: requestId }));
  return said("Sent", because);
}

void run(handler);

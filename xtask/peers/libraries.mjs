// Has libraries from npm verify messages: one question a line on standard input, one answer a line on standard output.
//
// NODE_LIBRARIES is the folder they lie in. It is not this script's own, so that they are looked for from there.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const found = createRequire(process.env.NODE_LIBRARIES + "/");
const load = async (name) => (await import(pathToFileURL(found.resolve(name)))).Webhook;
const libraries = { standardwebhooks: await load("standardwebhooks"), svix: await load("svix") };

// The libraries have no other way to be told the time.
const now = Date.now;
let seconds_ahead = 0;
Date.now = () => now() + seconds_ahead * 1000;

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  seconds_ahead = question.seconds_ahead;
  let refusal = null;
  try {
    new libraries[question.library](question.secret).verify(Buffer.from(question.body, "base64"), question.headers);
  } catch (error) {
    refusal = error.message;
  }
  console.log(JSON.stringify(refusal));
}

// Requests to the studio's own server: plain data, streams of events, files.

export class Refused extends Error {}

async function request(path, body, signal) {
  let response;
  try {
    response = await fetch(path, { method: "POST", body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The studio does not answer. Is it still running in its terminal?");
  }
  if (response.ok) return response;
  let message = `The studio answered ${response.status}.`;
  try {
    message = sentence((await response.json()).error);
  } catch { /* it was no JSON */ }
  throw new Refused(message);
}

// A message as a sentence; one that begins with a file's name keeps it as it is.
const sentence = (text) => (/^\S*\.\S/.test(text) ? text[0] : text[0].toUpperCase()) + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

export async function about() {
  const response = await fetch("api/about");
  const data = await response.json();
  if (!response.ok) throw new Refused(sentence(data.error));
  return data;
}

export const post = async (path, data, signal) => (await request(path, JSON.stringify(data), signal)).json();

export const send = async (path, blob) => (await request(path, blob)).json();

// Yields [name, data] of every server-sent event; an "error" is thrown.
export async function* stream(path, data, signal) {
  const response = await request(path, JSON.stringify(data), signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const [, name, content] = part.match(/^event: (\w+)\ndata: (.*)$/s);
      const parsed = JSON.parse(content);
      if (name === "error") throw new Refused(sentence(parsed.error));
      yield [name, parsed];
      if (name === "done") return;
    }
  }
  throw new Refused("The studio stopped in the middle. Is it still running in its terminal?");
}

export async function file(path, data) {
  const response = await request(path, JSON.stringify(data));
  const name = decodeURIComponent(response.headers.get("content-disposition").match(/filename="(.*)"/)[1]);
  return { name, blob: await response.blob() };
}

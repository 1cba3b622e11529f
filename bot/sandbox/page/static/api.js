// The page's way to its server: acts go out, changes come in.

export class Refused extends Error {}

async function answered(response) {
  const body = await response.json().catch(() => ({ error: "the demo does not answer" }));
  if (!response.ok) throw new Refused(body.error ?? "that was not possible");
  return body;
}

export async function act(person, wanted) {
  const response = await fetch("/api/act", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person, ...wanted }),
  });
  return answered(response);
}

export async function upload(person, file) {
  const query = new URLSearchParams({ person, name: file.name });
  return (await answered(await fetch(`/api/upload?${query}`, { method: "POST", body: file }))).id;
}

// Calls `changed(part, content)` for each part of the page, now and whenever it changes. Returns a way to stop.
export function follow(person, changed, connected) {
  const source = new EventSource(`/api/events?${new URLSearchParams({ person })}`);
  for (const part of ["slack", "fincart", "audit", "guide"])
    source.addEventListener(part, (event) => changed(part, JSON.parse(event.data)));
  source.onopen = () => connected(true);
  source.onerror = () => connected(false);
  return () => source.close();
}

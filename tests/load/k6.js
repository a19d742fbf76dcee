// The plan's load test (section 4.4) for k6: the same mix as mix.py.
//   k6 run -e URL=https://api.staging.example -e TOKENS=tokens.txt tests/load/k6.js
// TOKENS is a file with one bearer token per line, one person each (`make load-tokens USERS=1000` for `make up`; on Azure they are Entra's).
// Against staging, never against production: the requests write.
import http from "k6/http";
import { check, sleep } from "k6";
import { SharedArray } from "k6/data";

const tokens = new SharedArray("tokens", () => open(__ENV.TOKENS).split("\n").filter((line) => line));
const users = Number(__ENV.USERS || 1000);
const range = "from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z";
const mix = [
  { name: "calendar", method: "GET", path: `/api/v1/calendar/events?${range}`, share: 30 },
  { name: "tasks", method: "GET", path: "/api/v1/tasks", share: 25 },
  { name: "chat", method: "POST", path: "/api/v1/chat/message", share: 20, body: { message: "Test message" } },
  { name: "profile", method: "GET", path: "/api/v1/users/profile", share: 15 },
  { name: "health", method: "GET", path: "/health", share: 10 },
];

export const options = {
  stages: [
    { duration: "1m", target: users },
    { duration: "5m", target: users },
    { duration: "30s", target: 0 },
  ],
  thresholds: {
    http_req_failed: ["rate==0"],
    http_req_duration: ["avg<200", "p(95)<500"],
  },
};

function chosen() {
  let left = Math.random() * 100;
  return mix.find((kind) => (left -= kind.share) < 0) || mix[mix.length - 1];
}

export default function () {
  const kind = chosen();
  const answer = http.request(kind.method, __ENV.URL + kind.path, kind.body ? JSON.stringify(kind.body) : null, {
    headers: { Authorization: `Bearer ${tokens[(__VU - 1) % tokens.length]}`, "Content-Type": "application/json" },
    tags: { name: kind.name },
  });
  check(answer, { success: (got) => got.status >= 200 && got.status < 300 });
  sleep(1.5 + 3 * Math.random());
}

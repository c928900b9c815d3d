// Ticks off the rules of a new password while it is typed, shows it on request, suggests one.
// The rules and their numbers come with the page; the server judges again, and its word counts.
import { once } from "./find.js";

const lists = new Map();
function wordsOf(url) {
  if (!lists.has(url)) {
    const asked = fetch(url).then((answer) => (answer.ok ? answer.text() : "")).then((text) => new Set(text.split("\n").filter(Boolean)));
    lists.set(url, asked.catch(() => new Set()));
  }
  return lists.get(url);
}

function isCommon(password, { decoration, alike, meant }, words) {
  const small = password.toLowerCase();
  let end = small.length;
  while (end > 0 && decoration.includes(small[end - 1])) end -= 1;
  const bare = small.slice(0, end);
  const plain = [...bare].map((char) => (alike.includes(char) ? meant[alike.indexOf(char)] : char)).join("");
  return [small, bare, plain].some((word) => words.has(word));
}

async function keeps(rule, password) {
  if (password === "") return false;
  if (rule.low) {
    const long = [...password].length;
    return long >= Number(rule.low) && long <= Number(rule.high);
  }
  if (rule.pattern) return new RegExp(rule.pattern, "u").test(password);
  if (rule.list) return !isCommon(password, rule, await wordsOf(rule.list));
  const small = password.toLowerCase();
  return !(rule.words ?? "").split(" ").some((word) => word && small.includes(word));
}

const LETTERS = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "-!+*"];
function below(count) {
  // Without the remainder that would make the first letters likelier.
  const most = Math.floor(0x1_0000_0000 / count) * count;
  const [drawn] = crypto.getRandomValues(new Uint32Array(1));
  return drawn < most ? drawn % count : below(count);
}
export function suggestion(length = 18) {
  const all = LETTERS.join("");
  const drawn = LETTERS.map((letters) => letters[below(letters.length)]);
  while (drawn.length < length) drawn.push(all[below(all.length)]);
  for (let i = drawn.length - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
  }
  return drawn.join("");
}

function startToggle(box) {
  const input = box.querySelector("input");
  const button = box.querySelector("[data-password-toggle]");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.setAttribute("aria-label", shown ? box.dataset.hide : box.dataset.show);
  };
  button.hidden = false;
  button.addEventListener("click", () => { show(input.type === "password"); input.focus(); });
  // What is sent is a password again, so that browsers offer to keep it.
  input.form?.addEventListener("submit", () => show(false));
  return show;
}

function startRules(box) {
  const [password, again] = [...box.querySelectorAll("input")];
  const shows = [...box.querySelectorAll("[data-password-field]")].map(startToggle);
  const rules = [...box.querySelectorAll("[data-rule]")];
  const says = box.querySelector("[data-rules-say]");
  password.setAttribute("aria-describedby", `${password.getAttribute("aria-describedby") ?? ""} password-rules`.trim());

  let asked = 0;
  const judge = async () => {
    asked += 1;
    const mine = asked;
    const kept = await Promise.all(rules.map((rule) => keeps(rule.dataset, password.value)));
    if (mine !== asked) return;
    rules.forEach((rule, i) => {
      rule.dataset.kept = kept[i] ? "yes" : "no";
      rule.querySelector("[data-rule-state]").textContent = password.value ? `: ${kept[i] ? box.dataset.kept : box.dataset.open}` : "";
    });
    says.textContent = kept.every(Boolean) ? box.dataset.all : "";
  };
  password.addEventListener("input", judge);
  if (password.value) judge();

  const suggest = box.querySelector("[data-suggest]");
  const shown = box.querySelector("[data-suggested]");
  const text = box.querySelector("[data-suggested-text]");
  suggest.hidden = false;
  box.querySelector("[data-suggest-button]").addEventListener("click", () => {
    const made = suggestion();
    text.textContent = made;
    shown.hidden = false;
    password.value = made;
    again.value = made;
    shows.forEach((show) => show(true));
    judge();
  });
  const copy = box.querySelector("[data-suggested-copy]");
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(text.textContent); } catch { return; }
    copy.querySelector("span").textContent = box.dataset.copied;
  });
}

export function startPasswords(root) {
  once(root, "[data-new-password]", "NewPassword", startRules);
  once(root, "[data-password-field]", "PasswordField", (box) => { if (!box.closest("[data-new-password]")) startToggle(box); });
}
startPasswords(document);

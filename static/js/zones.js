// Times of the clinic, told also in the time of whoever reads far away; nothing where clocks agree.
const clockIn = (moment, zone) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "short", timeZone: zone }).format(moment);

export function startZones(root) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const line of root.querySelectorAll("[data-clinic-zone]")) {
    const moment = new Date(line.dataset.moment);
    const zone = line.dataset.clinicZone;
    if (!here || Number.isNaN(moment.getTime()) || clockIn(moment, zone) === clockIn(moment, here)) continue;
    const sameDay = clockIn(moment, zone).split(",")[0] === clockIn(moment, here).split(",")[0];
    const shape = { hour: "numeric", minute: "2-digit", timeZone: here, ...(sameDay ? {} : { weekday: "short" }) };
    const there = document.createElement("time");
    there.dateTime = line.dataset.moment;
    there.textContent = new Intl.DateTimeFormat(`${document.documentElement.lang}-IN`, shape).format(moment);
    const [before, after] = line.dataset.text.split("{there}");
    line.replaceChildren(before, there, after ?? "");
    line.hidden = false;
  }
}

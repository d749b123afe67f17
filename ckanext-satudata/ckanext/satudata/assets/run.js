// Renews the part of a run's page that changes, every two seconds, until the run has ended. Without this script the page reloads itself.
(function () {
  const part = document.getElementById("penarikan");
  if (!part) return;
  async function renew() {
    try {
      const answer = await fetch(part.dataset.url, { credentials: "same-origin" });
      if (!answer.ok) return;
      part.innerHTML = await answer.text();
      if (part.querySelector("[data-selesai]")) { location.reload(); return; }
    } catch (error) { /* the network is away for a moment: ask again */ }
    setTimeout(renew, 2000);
  }
  setTimeout(renew, 1500);
})();

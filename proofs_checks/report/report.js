"use strict";
(() => {
  const form = document.getElementById("filter");
  const rows = new Map([...document.querySelectorAll("tr[data-for]")].map((row) => [row.dataset.for, row]));
  const claims = [...document.querySelectorAll("article[data-verdict]")].map((article) => ({
    article,
    row: rows.get(article.id),
    text: [article.textContent, ...[...article.querySelectorAll("[data-latex]")].map((part) => part.dataset.latex)].join(" ").toLowerCase(),
    topic: article.dataset.topic,
    place: Number(article.dataset.place),
    routes: new Map(article.dataset.routes.trim().split(/\s+/).filter(Boolean).map((pair) => pair.split("="))),
    verdict: article.dataset.verdict,
  }));
  const last = document.createComment("claims end here"); // audits, if there are any, stay behind the claims
  claims[claims.length - 1].article.after(last);
  const apply = () => {
    const { words, topic, route, verdict, count } = form.elements;
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const claim of claims) {
      const found = route.value ? claim.routes.get(route.value) : claim.verdict;
      const fits =
        (!topic.value || claim.topic === topic.value) &&
        found !== undefined &&
        (!verdict.value || found === verdict.value) &&
        wanted.every((word) => claim.text.includes(word));
      claim.article.hidden = !fits;
      if (claim.row) claim.row.hidden = !fits;
      shown += fits;
    }
    count.value = shown ? `${shown} of ${claims.length}` : "No claim matches";
  };
  const arrange = () => {
    const arranged = form.elements.order.value ? [...claims].sort((a, b) => a.place - b.place) : claims;
    for (const { article, row } of arranged) {
      last.before(article);
      if (row) row.parentNode.append(row);
    }
  };
  form.elements.order.addEventListener("input", arrange);
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(() => (arrange(), apply())));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
})();

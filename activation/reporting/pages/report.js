for (const holder of document.querySelectorAll(".chart")) {
  const spec = JSON.parse(holder.nextElementSibling.textContent);
  vegaEmbed(holder, spec, { actions: false, renderer: "svg", tooltip: { theme: "custom" } }).catch((error) => {
    holder.textContent = "This chart could not be drawn: " + error.message;
  });
}

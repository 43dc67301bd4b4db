for (const holder of document.querySelectorAll(".chart")) {
  const spec = JSON.parse(holder.nextElementSibling.textContent);
  if (holder.clientWidth < 600) Object.assign(spec.config.legend, { columns: 1, labelLimit: holder.clientWidth - 150 });
  vegaEmbed(holder, spec, { actions: false, renderer: "svg", tooltip: { theme: "custom" } }).catch((error) => {
    holder.textContent = "This chart could not be drawn: " + error.message;
  });
}

// What the page does beside being read: plots that one can turn, pickers, tables that sort.
// Tables and sentences stand in the page without this script. The numbers of each experiment are in
// its <script type="application/json">; Plotly is there wherever there is something to plot.
"use strict";

(() => {
  const INK = "#1b2026", SOFT = "#586270", LINE = "#e3e7eb";
  const FONT = { family: "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 13, color: INK };
  const OPTIONS = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
  const TEST = 2;
  const STEP_MS = 60;
  const MOST_TRIALS = 300;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // --- numbers ------------------------------------------------------------------------------------

  const TYPES = { f4: Float32Array, i2: Int16Array, i4: Int32Array, u1: Uint8Array };

  function unpacked(packed) {
    const bytes = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
    return Array.from(new TYPES[packed.type](bytes.buffer));
  }

  const where = (values, test) => values.flatMap((value, i) => (test(value, i) ? [i] : []));
  const taken = (values, rows) => rows.map((row) => values[row]);
  const unique = (values) => [...new Set(values)];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const text = (value, digits = 3) => (Number.isFinite(value) ? Number(value.toPrecision(digits)).toString() : "–");
  const withUnit = (name, unit) => (unit && unit !== name ? `${name} (${unit})` : name);

  // --- pickers ------------------------------------------------------------------------------------

  function fill(select, choices, wanted) {
    select.replaceChildren(...choices.map(([value, label]) => new Option(label, value)));
    const values = choices.map(([value]) => String(value));
    select.value = values.includes(String(wanted)) ? wanted : values[0] ?? "";
    select.closest("label").hidden = choices.length < 2;
  }

  // --- looks --------------------------------------------------------------------------------------

  const axis = (title, more = {}) => ({
    title: { text: title, font: { size: 13 } }, gridcolor: LINE, zeroline: false, linecolor: SOFT,
    tickcolor: SOFT, automargin: true, ...more,
  });

  const layout = (more) => ({
    font: FONT, paper_bgcolor: "#fff", plot_bgcolor: "#fff", margin: { l: 56, r: 16, t: 12, b: 48 },
    hoverlabel: { font: { size: 13 } }, showlegend: false, ...more,
  });

  function hasWebGl() {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  }

  const SOLID = hasWebGl();

  function draw(canvas, traces, arrangement, alt) {
    canvas.setAttribute("aria-label", alt);
    return Plotly.react(canvas, traces, arrangement, OPTIONS);
  }

  // --- one experiment -----------------------------------------------------------------------------

  class Explorer {
    constructor(root) {
      this.root = root;
      this.section = root.closest("section");
      this.data = JSON.parse(root.querySelector("script").textContent);
      this.seen = new Set();
      this.timer = null;
      root.hidden = false;
      const names = unique([...this.data.sessions.map((one) => one.session), ...(this.data.scores.subject ?? [])]);
      fill(this.pick("session"), names.map((name) => [name, name]));
      this.root.addEventListener("change", (event) => this.changed(event.target.dataset.pick));
      this.root.querySelector("[data-do=play]").addEventListener("click", () => this.play());
      this.choose();
      const watch = new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
          if (isIntersecting && !this.seen.has(target.dataset.plot)) {
            this.seen.add(target.dataset.plot);
            this.plot(target.dataset.plot);
          }
        }
      }, { rootMargin: "300px" });
      for (const plot of this.root.querySelectorAll(".plot")) watch.observe(plot);
    }

    pick(name) { return this.root.querySelector(`[data-pick="${name}"]`); }
    value(name) { return this.pick(name).value; }
    card(name) { return this.root.querySelector(`[data-plot="${name}"]`); }
    canvas(name) { return this.card(name).querySelector(".canvas"); }
    note(name, words) { this.card(name).querySelector("[data-note]").textContent = words; }
    look(name) {
      const parts = Object.entries(this.data.variants);
      return this.data.variants[name] ?? parts.find(([key]) => key.startsWith(`${name}_`))?.[1] ?? { label: name, colour: "#777" };
    }
    label(name) { return this.data.variants[name]?.label ?? name.replaceAll("_", " "); }

    changed(name) {
      this.stop();
      if (name === "session") this.choose();
      if (["encoder", "label", "variant", "metric"].includes(name)) this.fillDependent(name);
      const plots = { session: ["embedding", "decoded", "scores", "loss"], label: ["decoded"], variant: ["decoded"], decoder: ["decoded"],
        metric: ["scores"], "score-decoder": ["scores"] }[name] ?? ["embedding"];
      if (name === "trial") return;
      for (const plot of plots) if (this.seen.has(plot)) this.plot(plot);
    }

    // A session was chosen: show its tables, and fill the pickers with what it has.
    choose() {
      const name = this.value("session");
      for (const part of this.section.querySelectorAll(".session")) part.hidden = part.dataset.session !== name;
      this.session = this.data.sessions.find((one) => one.session === name) ?? null;
      this.unpackedRows = {};
      const { embeddings = {}, decoded = [], loss = {} } = this.session ?? {};
      const { rows, subject = [], metric = [] } = this.data.scores;
      const number = subject.indexOf(name);
      this.rows = rows.filter((row) => row[0] === number);
      this.card("embedding").hidden = !Object.keys(embeddings).length;
      this.card("decoded").hidden = !decoded.length;
      this.card("scores").hidden = !this.rows.length;
      this.card("loss").hidden = !Object.keys(loss).length;
      fill(this.pick("encoder"), Object.keys(embeddings).map((key) => [key, this.label(key)]), this.value("encoder"));
      fill(this.pick("label"), decoded.map((one, i) => [i, one.name + (one.population ? ` (${this.label(one.population)})` : "")]), this.value("label"));
      const there = unique(this.rows.filter((row) => !row[6]).map((row) => row[3]));
      fill(this.pick("metric"), there.map((i) => [i, metric[i].label]), this.value("metric"));
      for (const picker of ["encoder", "label", "metric"]) this.fillDependent(picker);
    }

    fillDependent(name) {
      if (name === "encoder" && this.session && this.value("encoder")) {
        const rows = this.rowsOf(this.embedding.population);
        fill(this.pick("colour"), rows.labels.map((label, i) => [i, label.name]), this.value("colour"));
        const trials = unique(rows.trial).filter((trial) => rows.trial.filter((one) => one === trial).length > 2).slice(0, MOST_TRIALS);
        fill(this.pick("trial"), trials.map((trial) => [trial, `${trial}${this.isTest(rows, trial) ? " (held out)" : ""}`]), this.value("trial"));
        const two = trials.length > 1;
        this.root.querySelector("[data-do=play]").hidden = !two;
      }
      if (name === "label" && this.target) {
        const of = this.target.counts ?? this.target.predicted;
        fill(this.pick("variant"), Object.keys(of).map((key) => [key, this.label(key)]), this.value("variant"));
        name = "variant";
      }
      if (name === "variant" && this.target) {
        const of = (this.target.counts ?? this.target.predicted)[this.value("variant")];
        fill(this.pick("decoder"), Object.keys(of).map((key) => [key, key]), this.value("decoder"));
      }
      if (name === "metric" && this.rows.length) {
        const chosen = this.rows.filter((row) => row[3] === Number(this.value("metric")));
        const { decoder } = this.data.scores;
        fill(this.pick("score-decoder"), unique(chosen.map((row) => row[2])).map((i) => [i, decoder[i] || "none"]), this.value("score-decoder"));
      }
    }

    isTest(rows, trial) { return rows.part[rows.trial.indexOf(trial)] === TEST; }
    get embedding() { return this.session.embeddings[this.value("encoder")]; }
    get target() { return this.session?.decoded[Number(this.value("label"))]; }

    rowsOf(population) {
      const packed = this.session.rows[population];
      this.unpackedRows[population] ??= {
        every: packed.every,
        time_s: unpacked(packed.time_s), trial: unpacked(packed.trial), part: unpacked(packed.part),
        labels: packed.labels.map((label) => ({ ...label, values: unpacked(label.values) })),
      };
      return this.unpackedRows[population];
    }

    plot(name) {
      if (this.card(name).hidden) return;
      ({ embedding: () => this.plotEmbedding(), decoded: () => this.plotDecoded(),
        scores: () => this.plotScores(), loss: () => this.plotLoss() })[name]();
    }

    // --- embedding --------------------------------------------------------------------------------

    plotEmbedding() {
      const { coordinates, scale, axes, note, population } = this.embedding;
      const rows = this.rowsOf(population), label = rows.labels[Number(this.value("colour"))];
      const points = coordinates.map((column) => unpacked(column).map((value) => value * scale));
      this.points = points;
      const solid = points.length === 3 && SOLID;
      const wanted = this.value("rows");
      const groups = [["training", where(rows.part, (part) => part !== TEST)], ["held out", where(rows.part, (part) => part === TEST)]]
        .filter(([name]) => wanted === "apart" || (wanted === "test") === (name === "held out"));
      const traces = groups.flatMap(([name, chosen]) => {
        const apart = wanted === "apart";
        const marker = { size: (solid ? 2.5 : 4) * (apart && name === "held out" ? 1.6 : 1), opacity: apart && name === "training" ? 0.35 : 0.9 };
        return this.coloured(label, chosen, rows, name, marker, name === groups.at(-1)[0]);
      }).map(({ rows: chosen, ...trace }) => ({ ...trace, ...this.placed(chosen), mode: "markers" }));
      const names = axes.map((name) => axis(name, solid ? { showticklabels: false, backgroundcolor: "#f7f8fa", showbackground: true } : {}));
      const look = label?.classes.length
        ? { showlegend: true, legend: { title: { text: label.name }, itemsizing: "constant", orientation: "h", y: -0.02 } } : {};
      const arrangement = solid
        ? layout({ ...look, margin: { l: 0, r: 0, t: 0, b: 0 }, uirevision: `${this.value("session")} ${this.value("encoder")}`,
          scene: { xaxis: names[0], yaxis: names[1], zaxis: names[2], aspectmode: "data", camera: { eye: { x: 1.4, y: 1.4, z: 0.9 } } } })
        : layout({ ...look, legend: { ...look.legend, y: -0.15 }, xaxis: names[0],
          yaxis: { ...names[1], ...(axes[0].startsWith("time") ? {} : { scaleanchor: "x" }) } });
      const said = `Embedding ${this.label(this.value("encoder"))} of ${this.value("session")}${label ? `, coloured by ${label.name}` : ""}`;
      const canvas = this.canvas("embedding");
      if (canvas.dataset.kind && canvas.dataset.kind !== String(solid)) Plotly.purge(canvas);
      canvas.dataset.kind = String(solid);
      draw(canvas, traces, arrangement, said);
      const thinned = rows.every > 1 ? `, every ${rows.every}${["", "", "nd", "rd"][rows.every] ?? "th"} time bin` : "";
      this.note("embedding", `First fold and seed${thinned}${note ? `; ${note}` : ""}. ${solid ? "Drag to turn, scroll to zoom." : ""}`);
    }

    placed(rows) {
      const [x, y, z] = this.points.map((column) => taken(column, rows));
      return z && SOLID ? { type: "scatter3d", x, y, z } : { type: SOLID ? "scattergl" : "scatter", x, y };
    }

    coloured(label, chosen, rows, name, marker, withKey) {
      const hover = (indices) => indices.map((row) => {
        const value = label ? this.shown(label, label.values[row]) : "";
        return `${label ? `${label.name} ${value}<br>` : ""}trial ${rows.trial[row]}, ${rows.time_s[row].toFixed(2)} s<br>${name}`;
      });
      const trace = (indices, more) => ({ rows: indices, text: hover(indices), hoverinfo: "text", ...more });
      if (!label) return [trace(chosen, { marker: { ...marker, color: "#0072B2" } })];
      if (label.classes.length) {
        return label.classes.map(({ id, name: words, colour }) => trace(chosen.filter((row) => label.values[row] === id),
          { name: words, legendgroup: words, showlegend: withKey, marker: { ...marker, color: colour } }));
      }
      const circular = label.kind === "circular", turn = 2 * Math.PI;
      const wrapped = circular ? label.values.map((value) => ((value % turn) + turn) % turn) : label.values;
      const [low, high] = circular ? [0, turn] : [Math.min(...wrapped), Math.max(...wrapped)];
      const around = this.data.around.map((colour, i, all) => [i / (all.length - 1), colour]);
      const bar = { title: { text: circular ? `${label.name} (rad)` : withUnit(label.name, label.unit), side: "right" }, thickness: 12, len: 0.7, outlinewidth: 0,
        ...(circular ? { tickvals: [0, Math.PI, turn], ticktext: ["0", "π", "2π"] } : {}) };
      return [trace(chosen, { marker: { ...marker, color: taken(wrapped, chosen), cmin: low, cmax: high,
        colorscale: circular ? around : "Viridis", showscale: withKey, colorbar: bar } })];
    }

    shown(label, value) {
      const known = label.classes.find((one) => one.id === value);
      return known ? known.name : `${text(value)}${label.unit && label.kind !== "circular" ? ` ${label.unit}` : ""}`;
    }

    // --- a trial, as it went -------------------------------------------------------------------------

    play() {
      if (this.timer) return this.stop();
      const rows = this.rowsOf(this.embedding.population), trial = Number(this.value("trial"));
      const path = where(rows.trial, (one) => one === trial), canvas = this.canvas("embedding");
      const line = (shown) => ({ ...this.placed(shown), mode: "lines+markers", showlegend: false, hoverinfo: "skip",
        line: { color: INK, width: 4 }, marker: { color: INK, size: shown.map((_, i) => (i === shown.length - 1 ? 8 : 1)) } });
      const first = canvas.data.length;
      Plotly.addTraces(canvas, line(path.slice(0, 1)));
      this.root.querySelector("[data-do=play]").textContent = "Stop";
      let until = calm ? path.length : 1;
      const step = () => {
        const { x, y, z, marker } = line(path.slice(0, until));
        Plotly.restyle(canvas, { x: [x], y: [y], ...(z ? { z: [z] } : {}), "marker.size": [marker.size] }, [first]);
        until += 1;
        if (until > path.length) { clearInterval(this.timer); this.timer = "done"; }
      };
      this.timer = setInterval(step, STEP_MS);
      step();
    }

    stop() {
      if (!this.timer) return;
      clearInterval(this.timer);
      this.timer = null;
      this.root.querySelector("[data-do=play]").textContent = "Play trial";
      this.plotEmbedding();
    }

    // --- decoded against true ------------------------------------------------------------------------

    plotDecoded() {
      const target = this.target, variant = this.value("variant"), decoder = this.value("decoder");
      const said = `${target.name} decoded from ${this.label(variant)} by ${decoder}, against the true one`;
      if (target.counts) return this.plotConfusion(target, target.counts[variant][decoder], said);
      const truth = unpacked(target.true), predicted = unpacked(target.predicted[variant][decoder]);
      const time = unpacked(target.time_s), trial = unpacked(target.trial);
      const title = withUnit(target.name, target.kind === "circular" ? "rad" : target.unit);
      const hover = truth.map((_, i) => `trial ${trial[i]}, ${time[i].toFixed(2)} s<br>true ${text(truth[i])}, decoded ${text(predicted[i])}`);
      const colour = this.look(variant).colour;
      this.note("decoded", `The first ${truth.length} held-out bins of the first fold and seed.`);
      if (target.kind === "discrete") { // many classes, such as the frames of a movie
        const ends = [Math.min(...truth), Math.max(...truth)];
        return draw(this.canvas("decoded"), [
          { x: ends, y: ends, mode: "lines", line: { color: SOFT, dash: "dot", width: 1 }, hoverinfo: "skip" },
          { x: truth, y: predicted, mode: "markers", marker: { color: colour, size: 4, opacity: 0.6 }, text: hover, hoverinfo: "text" },
        ], layout({ xaxis: axis(`true ${title}`), yaxis: axis(`decoded ${title}`) }), said);
      }
      const lines = target.kind !== "circular";
      const x = truth.map((_, i) => i);
      const gaps = (values) => values.map((value, i) => (i && trial[i] !== trial[i - 1] && lines ? null : value));
      return draw(this.canvas("decoded"), [
        { x, y: gaps(predicted), name: "decoded", mode: lines ? "lines+markers" : "markers", line: { color: colour, width: 1 }, marker: { color: colour, size: 3 }, text: hover, hoverinfo: "text" },
        { x, y: gaps(truth), name: "true", mode: lines ? "lines" : "markers", line: { color: INK, width: 2 }, marker: { color: INK, size: 3 }, text: hover, hoverinfo: "text" },
      ], layout({ showlegend: true, legend: { orientation: "h", y: 1.12 }, margin: { l: 56, r: 16, t: 30, b: 48 },
        xaxis: axis("held-out time bins, one trial after the other", { range: [0, Math.min(600, x.length)] }), yaxis: axis(title) }), said);
    }

    plotConfusion(target, counts, said) {
      const names = target.classes.map((one) => one.name);
      const shares = counts.map((row) => { const sum = row.reduce((a, b) => a + b, 0); return row.map((n) => (sum ? (100 * n) / sum : null)); });
      this.note("decoded", "Percent of the held-out bins of each class, first fold and seed.");
      return draw(this.canvas("decoded"), [{
        type: "heatmap", x: names, y: names, z: shares, zmin: 0, zmax: 100, colorscale: "Blues", reversescale: true, colorbar: { thickness: 12, outlinewidth: 0, ticksuffix: " %" },
        text: shares.map((row) => row.map((share) => (share === null ? "" : Math.round(share)))), texttemplate: names.length < 13 ? "%{text}" : "",
        hovertemplate: "true %{y}, decoded %{x}: %{z:.0f} %<extra></extra>",
      }], layout({ xaxis: axis(`decoded ${target.name}`, { type: "category" }), yaxis: axis(`true ${target.name}`, { type: "category", autorange: "reversed" }) }), said);
    }

    // --- scores --------------------------------------------------------------------------------------

    plotScores() {
      const { variant, metric } = this.data.scores, number = Number(this.value("metric"));
      const chosen = this.rows.filter((row) => row[3] === number && row[2] === Number(this.value("score-decoder")) && row[5] !== null);
      const names = unique(chosen.filter((row) => !row[6]).map((row) => row[1]));
      const points = names.map((name, place) => {
        const rows = chosen.filter((row) => row[1] === name && !row[6]);
        const spread = (i) => (rows.length > 1 ? 0.5 * (i / (rows.length - 1) - 0.5) : 0);
        return { y: rows.map((_, i) => place + spread(i)), x: rows.map((row) => row[5]), text: rows.map((row) => `${this.label(variant[name])}, ${row[4]}: ${text(row[5])}`),
          mode: "markers", hoverinfo: "text", marker: { color: this.look(variant[name]).colour, size: 7, opacity: 0.75 } };
      });
      const means = { mode: "markers", x: points.map((one) => mean(one.x)), y: names.map((_, place) => place), hovertemplate: "mean %{x:.3g}<extra></extra>",
        marker: { symbol: "line-ns", size: 22, line: { color: INK, width: 2 } } };
      const chance = chosen.filter((row) => row[6]).map((row) => row[5]);
      const level = chance.length ? mean(chance) : null;
      const { label, better } = metric[number];
      draw(this.canvas("scores"), [...points, means], layout({
        xaxis: axis(label + (better ? ` — ${better} is better` : "")),
        yaxis: axis("", { tickvals: names.map((_, i) => i), ticktext: names.map((name) => this.label(variant[name])), autorange: "reversed", showgrid: false }),
        shapes: level === null ? [] : [{ type: "line", x0: level, x1: level, yref: "paper", y0: 0, y1: 1, line: { color: SOFT, dash: "dash", width: 1.5 } }],
        annotations: level === null ? [] : [{ x: level, y: 1, yref: "paper", yanchor: "bottom", text: "chance", showarrow: false, font: { color: SOFT, size: 12 } }],
        margin: { l: 56, r: 16, t: 24, b: 48 },
      }), `${label} of ${names.map((name) => this.label(variant[name])).join(", ")}`);
      this.note("scores", "Each dot is a fold and seed, the bar their mean, on held-out data.");
    }

    // --- training ------------------------------------------------------------------------------------

    plotLoss() {
      const traces = Object.entries(this.session.loss).map(([name, run]) => {
        const { label, colour } = { ...this.look(name), label: this.label(name) };
        return { x: unpacked(run.step), y: unpacked(run.mean), name: label, mode: "lines", line: { color: colour, width: 2 }, hovertemplate: `${label}, step %{x}: %{y:.2f} bits<extra></extra>` };
      });
      const least = Math.min(0, ...traces.map((one) => Math.max(-1, Math.min(...one.y))));
      const most = Math.max(0.1, ...traces.map((one) => Math.max(...one.y)));
      draw(this.canvas("loss"), traces, layout({
        showlegend: true, legend: { orientation: "h", y: -0.25 }, xaxis: axis("step"),
        yaxis: axis("goodness of fit (bits)", { range: [least - 0.05 * (most - least), most + 0.05 * (most - least)] }),
        shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 0, y1: 0, line: { color: SOFT, dash: "dash", width: 1.5 } }],
      }), `Goodness of fit in bits while training, ${traces.map((one) => one.name).join(", ")}`);
      this.note("loss", "Mean over folds and seeds, on training data; 0 bits is what an encoder reaches that knows nothing.");
    }
  }

  // --- tables -----------------------------------------------------------------------------------------

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => { const cell = row.cells[column]; return cell.dataset.value === undefined ? cell.textContent.trim() : parseFloat(cell.dataset.value); };
        const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
        const rows = [...table.tBodies[0].rows].sort((one, other) => {
          const [a, b] = [key(one), key(other)];
          if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // nothing comes last
          return down ? compare(b, a) : compare(a, b);
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  if (window.Plotly) document.querySelectorAll(".explorer").forEach((root) => new Explorer(root));
  addEventListener("beforeprint", () => document.querySelectorAll("details.figures, details.scores").forEach((one) => { one.open = true; }));
})();

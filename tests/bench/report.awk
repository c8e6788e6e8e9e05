# report.awk: the tables of a run; arguments goals, servers, values (see run).
#
# A ratio says how many times better a server is than the best peer of the
# figure: above 1 is better, whatever the unit.  Who had nothing synced when it
# said 250, or would not let us see, is shown and compared with nobody.
BEGIN {
	FS = "\t"
}

FILENAME != last {
	last = FILENAME
	file++
}

file == 1 && !/^#/ {
	figures[++nfigures] = $1
	better[$1] = $2
	goal[$1, "listening"] = $3
	goal[$1, "connected"] = $4
	what[$1] = $5
}

file == 2 {
	servers[++nservers] = $1
	if ($3 ~ /^no/)
		unsynced[$1] = "not synced"
	if ($3 ~ /^unknown/)
		unsynced[$1] = "unchecked"
}

file == 3 {
	value[$1, $2, ++n[$1, $2]] = $4
}

function median(figure, server,    v, i, j, t, m) {
	m = n[figure, server]
	for (i = 1; i <= m; i++)
		v[i] = value[figure, server, i]
	for (i = 2; i <= m; i++)
		for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
			t = v[j]
			v[j] = v[j - 1]
			v[j - 1] = t
		}
	spread = v[m] - v[1]
	return m % 2 ? v[(m + 1) / 2] : (v[m / 2] + v[m / 2 + 1]) / 2
}

function ours(server) {
	return server ~ /^postrider/
}

function stores(figure) {
	return figure ~ /^(new|reuse|large|huge|latency)/
}

function is_better(figure, a, b) {
	return better[figure] == "more" ? a > b : a < b
}

# The best of those that do the same: best and best_name.
function find_best(figure,    i, s, m) {
	best_name = ""
	for (i = 1; i <= nservers; i++) {
		s = servers[i]
		if (ours(s) || s ~ /^plain/ || !n[figure, s] ||
		    (stores(figure) && unsynced[s]))
			continue
		m = median(figure, s)
		if (best_name == "" || is_better(figure, m, best)) {
			best = m
			best_name = s
		}
	}
}

function ratio(figure, mine) {
	if (best_name == "" || mine <= 0 || best <= 0)
		return 0
	return better[figure] == "more" ? mine / best : best / mine
}

function number(m) {
	return sprintf(m < 10 ? "%.3f" : m < 1000 ? "%.1f" : "%.0f", m)
}

# Sets wanted, for people; answers reached, MISSED, partly (one of two) or
# nothing.
function judge(figure, server, m,    how, g, at, goals, met) {
	wanted = ""
	how = server ~ /-(nowait|xinetd|accept)$/ ? "connected" : "listening"
	g = goal[figure, how]
	if (!ours(server) || g == "-")
		return ""
	at = index(g, "=")
	if (at) {
		wanted = substr(g, at + 1)
		goals++
		met += m == wanted || is_better(figure, m, wanted + 0)
	}
	if (at != 1 && best_name != "") {
		wanted = wanted (at ? ", " : "") sprintf("%.2fx", g + 0)
		goals++
		met += ratio(figure, m) >= g + 0
	}
	if (!goals)
		return ""
	return met == goals ? "reached" : met ? "partly" : "MISSED"
}

# How a server stands to the bare OpenSSL server; m: its median.
function beside_plain(figure, server, m,    plain) {
	if (!n[figure, "plain-tls"] || server == "plain-tls")
		return ""
	plain = median(figure, "plain-tls")
	return sprintf("%.2f of plain-tls",
	    better[figure] == "more" ? m / plain : plain / m)
}

function line(figure, server,    m, r, verdict, wide) {
	m = median(figure, server)
	wide = ""
	if (m > 0 && n[figure, server] > 1)
		wide = sprintf("+-%.0f%%", spread / m * 50)
	r = ""
	if (stores(figure) && unsynced[server])
		r = unsynced[server]
	else if (best_name != "")
		r = sprintf("%.2fx", ratio(figure, m))
	verdict = judge(figure, server, m)
	if (verdict != "")
		verdict = verdict " (wanted " wanted ")"
	else if (m > 0)
		verdict = beside_plain(figure, server, m)
	row = sprintf("  %-18s %12s %6s %11s  %s", server, number(m), wide, r,
	    verdict)
	sub(/ *$/, "", row)
	print row
}

function block(figure,    i, shown) {
	find_best(figure)
	for (i = 1; i <= nservers; i++) {
		if (!n[figure, servers[i]])
			continue
		if (!shown++)
			printf "%s (%s is better)\n", what[figure],
			    better[figure]
		line(figure, servers[i])
	}
	if (shown)
		print ""
}

# One line for each goal and way to be started.
function summary(figure, server,    m, verdict) {
	if (!n[figure, server])
		return
	find_best(figure)
	m = median(figure, server)
	verdict = judge(figure, server, m)
	if (verdict == "")
		return
	printf "%-7s  %-20s %10s %9s  %-15s %s\n", verdict,
	    figure (server ~ /-/ ? " nowait" : ""), number(m),
	    best_name == "" ? "" : sprintf("%.2fx", ratio(figure, m)), wanted,
	    best_name == "" ? "" : best_name " " number(best)
}

END {
	printf "%-7s  %-20s %10s %9s  %-15s %s\n", "", "figure", "suite",
	    "ratio", "wanted", "best peer"
	for (f = 1; f <= nfigures; f++) {
		summary(figures[f], "postrider")
		summary(figures[f], "postrider-nowait")
	}
	print ""
	for (f = 1; f <= nfigures; f++)
		block(figures[f])
}

# report.awk: the table of a run; arguments goals, servers, values (see run).
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
	quit[$1] = $4
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

# The best of those that do the same.
function best_peer(figure,    i, s, m, best) {
	best = ""
	for (i = 1; i <= nservers; i++) {
		s = servers[i]
		if (ours(s) || s ~ /^plain/ || !n[figure, s] ||
		    (stores(figure) && unsynced[s]))
			continue
		m = median(figure, s)
		if (best == "" || (better[figure] == "more" ? m > best : m < best))
			best = m
	}
	return best
}

function ratio(figure, mine, other) {
	if (better[figure] == "more")
		return other > 0 ? mine / other : 0
	return mine > 0 ? other / mine : 0
}

function judge(figure, server, m, best,    g, how) {
	how = server ~ /-(nowait|xinetd|accept)$/ ? "connected" : "listening"
	g = goal[figure, how]
	if (!ours(server) || g == "-")
		return ""
	if (substr(g, 1, 1) == "=") {
		g = substr(g, 2) + 0
		return sprintf("%s (wanted %.0f)", m <= g ? "reached" : "MISSED", g)
	}
	if (best == "")
		return "no peer"
	return sprintf("%s (wanted %.2fx: %.4g)",
	    ratio(figure, m, best) >= g ? "reached" : "MISSED", g,
	    better[figure] == "more" ? best * g : best / g)
}

function line(figure, server, best,    m, places, r, wide) {
	m = median(figure, server)
	wide = ""
	if (m > 0 && n[figure, server] > 1)
		wide = sprintf("+-%.0f%%", spread / m * 50)
	places = m < 10 ? 3 : m < 1000 ? 1 : 0
	if (stores(figure) && unsynced[server])
		r = unsynced[server]
	else
		r = best != "" ? sprintf("%.2fx", ratio(figure, m, best)) : ""
	printf "  %-18s %12s %6s %11s  %s\n", server,
	    sprintf("%." places "f", m), wide, r,
	    judge(figure, server, m, best)
}

END {
	for (f = 1; f <= nfigures; f++) {
		figure = figures[f]
		shown = 0
		best = best_peer(figure)
		for (i = 1; i <= nservers; i++) {
			if (!n[figure, servers[i]])
				continue
			if (!shown++)
				printf "%s (%s is better)\n", what[figure],
				    better[figure]
			line(figure, servers[i], best)
		}
		if (shown)
			print ""
	}
}

package diag

import "unicode/utf8"

// Nearest returns the candidate that name was most likely meant to be: at most two
// characters added, left out, changed or swapped, and fewer than name has. It returns
// "" if there is none; of equally near ones the first.
func Nearest(name string, candidates []string) string {
	best, nearest := 3, ""
	for _, c := range candidates {
		if d := distance([]rune(name), []rune(c)); d < best && d < utf8.RuneCountInString(name) {
			best, nearest = d, c
		}
	}
	return nearest
}

// distance is the optimal string alignment distance: edits, a swap of neighbours
// counting as one.
func distance(a, b []rune) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range b {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

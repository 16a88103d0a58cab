package memory

import (
	"iter"
	"slices"
	"sort"
)

// chunk is how many keys one piece of a sortedList holds at most: a change moves at
// most that many, however long the list is.
const chunk = 512

// sortedList is a list of different strings in the order of their bytes.
type sortedList struct{ chunks [][]string }

// find returns the chunk where key is or would be.
func (l *sortedList) find(key string) int {
	i := sort.Search(len(l.chunks), func(i int) bool { return l.chunks[i][0] > key })
	return max(0, i-1)
}

func (l *sortedList) insert(key string) {
	if len(l.chunks) == 0 {
		l.chunks = [][]string{{key}}
		return
	}
	i := l.find(key)
	at, _ := slices.BinarySearch(l.chunks[i], key)
	l.chunks[i] = slices.Insert(l.chunks[i], at, key)
	if len(l.chunks[i]) > chunk {
		half := slices.Clone(l.chunks[i][chunk/2:])
		l.chunks[i] = l.chunks[i][: chunk/2 : chunk/2]
		l.chunks = slices.Insert(l.chunks, i+1, half)
	}
}

func (l *sortedList) remove(key string) {
	i := l.find(key)
	at, _ := slices.BinarySearch(l.chunks[i], key)
	l.chunks[i] = slices.Delete(l.chunks[i], at, at+1)
	if len(l.chunks[i]) == 0 {
		l.chunks = slices.Delete(l.chunks, i, i+1)
	}
}

// from yields the keys that are not less than key.
func (l *sortedList) from(key string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if len(l.chunks) == 0 {
			return
		}
		i := l.find(key)
		at, _ := slices.BinarySearch(l.chunks[i], key)
		for ; i < len(l.chunks); i, at = i+1, 0 {
			for _, k := range l.chunks[i][at:] {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// Package logfile follows log files over rotation, truncation, deletion and late
// creation, and makes records of their lines: several lines that belong together, the
// time that stands in them, in whatever encoding they are written.
//
// A Follower works when it is asked to: Poll reads what is new and returns records,
// Positions says how far they reach. The caller makes the records safe, then keeps the
// positions; whatever happens between the two, every line comes again, none is left out.
//
// A file is known by its identity (device and inode) and by the bytes before the
// position, not by its name: a file that was renamed is read to its end, one that was
// cut and refilled is read from its start, and where it was copied before it was cut
// (logrotate's copytruncate), the rest is read from the copy. What a rotation itself
// loses, the lines written between its copying and its cutting, nobody can find.
package logfile

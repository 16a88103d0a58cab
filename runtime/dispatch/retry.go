package dispatch

import (
	"errors"
	"hash/fnv"
	"time"
)

// EventBridge's retry contract: the defaults, which are also the upper bounds, and the
// conditions as EXHAUSTED_RETRY_CONDITION names them.
const (
	MaxAttempts = 185
	MaxAge      = 24 * time.Hour
	MinAge      = time.Minute

	ByAttempts = "MaximumRetryAttempts"
	ByAge      = "MaximumEventAgeInSeconds"
)

// Delays double from firstDelay to maxDelay. With these two the 185th retry falls a
// few minutes before the day is over, so that neither bound makes the other one idle.
const (
	firstDelay = time.Second
	maxDelay   = 8 * time.Minute
)

// RetryPolicy bounds how long a delivery is tried. The zero value is EventBridge's.
type RetryPolicy struct {
	// Attempts is how many retries follow the first attempt, 0 to 185. Default: 185.
	Attempts *int
	// Within is how old a delivery may be for another retry, a minute to a day,
	// counted from when the event was received. The first attempt is made however old
	// it is. Default: 24 h.
	Within time.Duration
}

func (p RetryPolicy) check() error {
	if p.Attempts != nil && (*p.Attempts < 0 || *p.Attempts > MaxAttempts) {
		return errors.New("retry attempts are 0 to 185")
	}
	if p.Within != 0 && (p.Within < MinAge || p.Within > MaxAge) {
		return errors.New("retry within is 1 minute to 24 hours")
	}
	return nil
}

// next says when a delivery that has failed attempts times is tried again, or which
// condition forbids it. The last retry is made when the age ends, not given up before.
func (p RetryPolicy) next(id string, attempts int, since, now time.Time) (due time.Time, exhausted string) {
	retries := MaxAttempts
	if p.Attempts != nil {
		retries = *p.Attempts
	}
	if attempts > retries {
		return time.Time{}, ByAttempts
	}
	end := since.Add(MaxAge)
	if p.Within != 0 {
		end = since.Add(p.Within)
	}
	if !now.Before(end) {
		return time.Time{}, ByAge
	}
	due = now.Add(backOff(id, attempts))
	if due.After(end) {
		due = end
	}
	return due, ""
}

// backOff is how long to wait after the nth attempt: exponential, give or take a
// quarter. The jitter comes from the delivery's id, so that a replayed day is the same
// day and deliveries that failed together do not come back together.
func backOff(id string, n int) time.Duration {
	d := maxDelay
	if n < 10 {
		d = min(firstDelay<<(n-1), maxDelay)
	}
	h := fnv.New64a()
	_, _ = h.Write(append([]byte(id), byte(n))) // a hash takes everything
	spread := int64(d) / 2
	return d - d/4 + time.Duration(scramble(h.Sum64())%uint64(spread))
}

// scramble spreads a hash over all its bits (the finisher of SplitMix64): FNV's low
// bits differ too little between ids that differ in one character.
func scramble(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// rate is events a second; 0 is as fast as it goes.
type rate float64

// String is the rate as a person writes it.
func (r *rate) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64) + "/s"
}

// Type names the value in help texts.
func (r *rate) Type() string { return "N/s" }

// Set reads 100, 100/s, 6000/m.
func (r *rate) Set(text string) error {
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(number, 64)
	per, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	if err != nil || !(n > 0) || !known {
		return errors.New("write a rate like 100/s or 30/m")
	}
	*r = rate(n / per)
	return nil
}

// batch is how many events one request may hold: a tenth of a second's worth.
func (r rate) batch() int {
	if r == 0 {
		return batchEvents
	}
	return max(1, min(batchEvents, int(float64(r)/10)))
}

// pace waits until n events since start are within the rate.
func (r rate) pace(ctx context.Context, start time.Time, n int) error {
	if r == 0 {
		return ctx.Err()
	}
	due := start.Add(time.Duration(float64(n) / float64(r) * float64(time.Second)))
	return sleep(ctx, time.Until(due))
}

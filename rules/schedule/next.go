package schedule

import "time"

// next is the first time after last, zero for none.
func (c *cron) next(last time.Time, zone *time.Location) time.Time {
	wall := last.In(zone)
	year, month, day := wall.Date()
	hour, minute := wall.Hour(), wall.Minute()
	if year < minYear {
		year, month, day, hour, minute = minYear, time.January, 1, 0, 0
	}
	for ; year <= maxYear; year, month, day, hour, minute = year+1, time.January, 1, 0, 0 {
		if !c.years[year-minYear] {
			continue
		}
		for ; month <= time.December; month, day, hour, minute = month+1, 1, 0, 0 {
			if c.months&(1<<month) == 0 {
				continue
			}
			for end := lastDay(year, month); day <= end; day, hour, minute = day+1, 0, 0 {
				if !c.days.has(year, month, day) {
					continue
				}
				if at := c.inDay(date{year, month, day}, hour, minute, last, zone); !at.IsZero() {
					return at
				}
			}
		}
	}
	return time.Time{}
}

// date is a day of the calendar.
type date struct {
	year  int
	month time.Month
	day   int
}

// inDay is the first time after last on a day, from a time of that day on.
func (c *cron) inDay(d date, hour, minute int, last time.Time, zone *time.Location) time.Time {
	for ; hour <= 23; hour, minute = hour+1, 0 {
		if c.hours&(1<<hour) == 0 {
			continue
		}
		for ; minute <= 59; minute++ {
			if c.minutes&(1<<minute) == 0 {
				continue
			}
			if at, ok := shown(d, hour, minute, zone); ok && at.After(last) {
				return at
			}
		}
	}
	return time.Time{}
}

// shown is when a clock of the zone first shows a time; ok is false where it is put
// forward over it. The offsets that can hold then are those of a day before and after.
func shown(d date, hour, minute int, zone *time.Location) (at time.Time, ok bool) {
	utc := time.Date(d.year, d.month, d.day, hour, minute, 0, 0, time.UTC)
	for _, around := range [2]time.Duration{-25 * time.Hour, 25 * time.Hour} {
		_, offset := utc.Add(around).In(zone).Zone()
		candidate := utc.Add(-time.Duration(offset) * time.Second)
		w := candidate.In(zone)
		same := w.Day() == d.day && w.Hour() == hour && w.Minute() == minute && w.Second() == 0
		if same && (!ok || candidate.Before(at)) {
			at, ok = candidate, true
		}
	}
	return at, ok
}

func lastDay(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func weekday(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()) + 1
}

// has says whether a day of a month is named.
func (d *days) has(year int, month time.Month, day int) bool {
	end := lastDay(year, month)
	switch {
	case d.lastOfMonth:
		return day == end
	case d.weekdayNear > 0:
		return day == nearestWeekday(year, month, d.weekdayNear, end)
	case d.nth > 0:
		return weekday(year, month, day) == d.weekday && (day-1)/7+1 == d.nth
	case d.nth < 0:
		return weekday(year, month, day) == d.weekday && day+7 > end
	case d.ofWeek != 0:
		return d.ofWeek&(1<<weekday(year, month, day)) != 0
	}
	return d.ofMonth&(1<<day) != 0
}

// nearestWeekday is the Monday to Friday nearest to a day, in the same month; 0 in a
// month without that day.
func nearestWeekday(year int, month time.Month, day, end int) int {
	if day > end {
		return 0
	}
	switch weekday(year, month, day) {
	case 7: // Saturday
		if day == 1 {
			return 3
		}
		return day - 1
	case 1: // Sunday
		if day == end {
			return day - 2
		}
		return day + 1
	}
	return day
}

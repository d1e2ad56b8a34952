// Asks the library that Kubernetes' CronJobs run on what it makes of schedules, and prints it as the table that the
// operator's own reading is tested against. Run it with `npm run schedules`.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

// Zones with whole and broken hours, changes at midnight, of half an hour and of two, and none at all.
var zones = []string{
	"Etc/UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Santiago", "America/Havana",
	"Australia/Lord_Howe", "Pacific/Chatham", "Africa/Cairo", "Asia/Kolkata", "Antarctica/Troll",
}

var written = []string{
	"* * * * *", "0 2 * * *", "30 2 * * *", "0 0 * * *", "30 0 * * *", "0 1 * * *", "15 3 * * *", "*/10 * * * *",
	"5/15 * * * *", "0 */6 * * *", "0 1-3 * * *", "0,30 1,2 * * *", "0 2 * * 0", "0 2 * * sun", "0 2 * * 1-5",
	"0 2 13 * *", "0 2 13 * 5", "0 2 13 * */1", "0 2 13 * */2", "0 2 */1 * 5", "0 2 */2 * 5", "0 2 ? * 5",
	"0 2 1 JAN *", "0 0 29 2 *", "0 4 1 */3 *", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually",
	"@hourly", "0  2 * * *", " 0 2 * * * ", "0 2 1,,2 * *", "07 02 * * *", "0 2 *-9 * *", "+5 2 * * *",
}

// Whether they can be parsed is all that is asked of these, beside the others.
var odd = []string{
	"", "* * * *", "* * * * * *", "61 * * * *", "0 24 * * *", "0 2 0 * *", "0 2 32 * *", "0 2 * 13 *", "0 2 * 0 *",
	"0 2 * * 7", "0 2 L * *", "0 2 15W * *", "0 2 * * 5#2", "0 2 * * MONDAY", "-1 2 * * *", "1-2-3 2 * * *",
	"*/0 * * * *", "1/2/3 * * * *", "5-1 * * * *", "every day", "@Daily", "@reboot", "@every 1h", "@every x",
	"* * 31 2 *", ", * * * *", "0 2 * feb-apr *", "0 2 * APR-feb *", "0 2 * * sat-sun", "a * * * *", "*/x * * * *",
	"1- * * * *", "0 2\t* * *", "0x1 * * * *", "1_0 * * * *", "99999999999999999999 * * * *",
}

const (
	runs      = 6
	generated = 40
)

type fires struct {
	Zone string `json:"zone"`
	// Seconds since 1970.
	From int64 `json:"from"`
	// Schedule to when it fires next: minutes since From, which is a full minute.
	Next map[string][]int64 `json:"next"`
}

type table struct {
	Library string          `json:"library"`
	Valid   map[string]bool `json:"valid"`
	Fires   []fires         `json:"fires"`
}

func main() {
	random := rand.New(rand.NewSource(1))
	schedules := append([]string{}, written...)
	for len(schedules) < len(written)+generated {
		schedules = append(schedules, schedule(random))
	}
	out := table{Library: "github.com/robfig/cron/v3 v3.0.1", Valid: map[string]bool{}}
	for _, text := range append(append([]string{}, schedules...), odd...) {
		_, err := cron.ParseStandard(text)
		out.Valid[text] = err == nil
	}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		for _, from := range starts(zone) {
			next := map[string][]int64{}
			for _, text := range schedules {
				next[text] = after(text, name, from)
			}
			out.Fires = append(out.Fires, fires{name, from.Unix(), next})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

// A day before each change of the clocks in 2026, and the middle of the year.
func starts(zone *time.Location) []time.Time {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	found := []time.Time{time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)}
	_, offset := at.In(zone).Zone()
	for ; at.Year() == 2026; at = at.Add(time.Hour) {
		_, now := at.In(zone).Zone()
		if now != offset {
			found = append(found, at.Add(-25*time.Hour))
		}
		offset = now
	}
	return found
}

// As the CronJob controller asks (pkg/controller/cronjob, formatSchedule).
func after(text, zone string, from time.Time) []int64 {
	parsed, err := cron.ParseStandard(fmt.Sprintf("TZ=%s %s", zone, strings.TrimSpace(text)))
	if err != nil {
		panic(err)
	}
	found := []int64{}
	for at := parsed.Next(from); !at.IsZero() && len(found) < runs; at = parsed.Next(at) {
		found = append(found, int64(at.Sub(from)/time.Minute))
	}
	return found
}

func schedule(random *rand.Rand) string {
	field := func(low, high int) string {
		switch random.Intn(6) {
		case 0, 1:
			return "*"
		case 2:
			return fmt.Sprintf("*/%d", 1+random.Intn(high))
		case 3:
			return fmt.Sprintf("%d/%d", low+random.Intn(high-low+1), 1+random.Intn(high))
		case 4:
			first := low + random.Intn(high-low+1)
			return fmt.Sprintf("%d-%d", first, first+random.Intn(high-first+1))
		default:
			return fmt.Sprintf("%d,%d", low+random.Intn(high-low+1), low+random.Intn(high-low+1))
		}
	}
	return strings.Join([]string{field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)}, " ")
}

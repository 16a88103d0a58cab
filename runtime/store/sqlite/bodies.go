package sqlite

import (
	"encoding/json"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// The JSON that rows of retries and dead hold. The names are the file's: they stay when
// the store's types change.
type (
	retryBody struct {
		Attempts int        `json:"attempts"`
		Since    int64      `json:"since"`
		Code     string     `json:"code,omitempty"`
		Message  string     `json:"message,omitempty"`
		OrderKey string     `json:"order_key,omitempty"`
		Death    *deathBody `json:"death,omitempty"`
		// Entry is set where the log does not hold it any more.
		Entry *entryBody `json:"entry,omitempty"`
	}
	deadBody struct {
		Target string    `json:"target"`
		Rule   string    `json:"rule"`
		Entry  entryBody `json:"entry"`
		Death  deathBody `json:"death"`
	}
	deathBody struct {
		Code      string `json:"code"`
		Message   string `json:"message,omitempty"`
		Exhausted string `json:"exhausted,omitempty"`
		Attempts  int    `json:"attempts"`
		Died      int64  `json:"died"`
	}
	entryBody struct {
		Seq      uint64      `json:"seq"`
		ID       string      `json:"id"`
		Raw      []byte      `json:"raw"`
		Bus      string      `json:"bus"`
		Hops     int         `json:"hops,omitempty"`
		Received int64       `json:"received"`
		Pairs    [][2]string `json:"pairs"`
	}
)

func bodyOfEntry(e store.Entry) entryBody {
	b := entryBody{Seq: uint64(e.Seq), ID: e.ID, Raw: e.Raw, Bus: e.Bus, Hops: e.Hops, Received: nanos(e.Received)}
	for _, p := range e.Pairs {
		b.Pairs = append(b.Pairs, [2]string{p.Rule, p.Target})
	}
	return b
}

func (b entryBody) entry() store.Entry {
	e := store.Entry{Seq: store.Seq(b.Seq), ID: b.ID, Raw: b.Raw, Bus: b.Bus, Hops: b.Hops, Received: timeOf(b.Received)}
	for _, p := range b.Pairs {
		e.Pairs = append(e.Pairs, store.Pair{Rule: p[0], Target: p[1]})
	}
	return e
}

func bodyOfDeath(d store.Death) deathBody {
	return deathBody{d.Code, d.Message, d.Exhausted, d.Attempts, nanos(d.Died)}
}

func (b deathBody) death() store.Death {
	return store.Death{Code: b.Code, Message: b.Message, Exhausted: b.Exhausted, Attempts: b.Attempts, Died: timeOf(b.Died)}
}

// encodeRetry writes a retry's body; kept says that the log holds its entry.
func encodeRetry(r store.Retry, kept bool) ([]byte, error) {
	b := retryBody{Attempts: r.Attempts, Since: nanos(r.Since), Code: r.Code, Message: r.Message, OrderKey: r.OrderKey}
	if r.Death != nil {
		death := bodyOfDeath(*r.Death)
		b.Death = &death
	}
	if !kept {
		entry := bodyOfEntry(r.Entry)
		b.Entry = &entry
	}
	return json.Marshal(b)
}

// decodeRetry fills in what encodeRetry wrote.
func decodeRetry(body []byte, r *store.Retry) error {
	var b retryBody
	if err := json.Unmarshal(body, &b); err != nil {
		return err
	}
	r.Attempts, r.Since, r.Code, r.Message, r.OrderKey = b.Attempts, timeOf(b.Since), b.Code, b.Message, b.OrderKey
	if b.Death != nil {
		death := b.Death.death()
		r.Death = &death
	}
	if b.Entry != nil {
		r.Entry = b.Entry.entry()
	}
	return nil
}

func encodeDead(d store.DeadLetter) ([]byte, error) {
	return json.Marshal(deadBody{d.Target, d.Rule, bodyOfEntry(d.Entry), bodyOfDeath(d.Death)})
}

func decodeDead(body []byte) (store.DeadLetter, error) {
	var b deadBody
	err := json.Unmarshal(body, &b)
	return store.DeadLetter{Target: b.Target, Rule: b.Rule, Entry: b.Entry.entry(), Death: b.Death.death()}, err
}

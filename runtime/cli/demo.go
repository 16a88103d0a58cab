package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	machine "github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/demo"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/autoscaling"
	"github.com/tocsin-engine/tocsin/runtime/service/sns"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
)

// demoRules is where the demo's rules are in a clone; demoCopy is where they are put
// elsewhere, so that they can be edited.
const (
	demoRules = "examples/shop/rules"
	demoCopy  = "tocsin-demo/rules"
)

// sumEvery is how often the demo says what the targets have done.
const sumEvery = 10 * time.Second

func demoCommand(a *app) *cobra.Command {
	d := demoVerb{app: a, rate: 7}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "a make-believe shop: events flow, rules match, targets act",
		Long: `Run a server with the rules of a make-believe shop and send it that shop's events. The
terminal shows what happens; every verb works on it from another terminal.

In a clone the rules are examples/shop/rules; elsewhere they are written to tocsin-demo/.
Edit one and save: the demo goes on with it.

Events are kept on the disk, as --data DIR keeps them; without it, until the demo ends.`,
		Example: `  tocsin demo
  tocsin demo --rate 2/s --events 20`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.ownLevel = !cmd.Flags().Changed("log-level")
			d.ownRules = !cmd.Flags().Changed("rules")
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().Var(&d.rate, "rate", "events a second, as 7/s")
	cmd.Flags().IntVar(&d.events, "events", 0, "end after `N` events; 0 goes on")
	cmd.Flags().Uint64Var(&d.seed, "seed", 1, "tell another story: `N` chooses which")
	config.Register(cmd.Flags(), &a.cfg, config.Server)
	return cmd
}

type demoVerb struct {
	app    *app
	rate   rate
	events int
	seed   uint64
	// ownLevel and ownRules say that the person gave none.
	ownLevel, ownRules bool
	machine            *machine.App
}

func (d *demoVerb) run(ctx context.Context) error {
	a := d.app
	if d.ownLevel {
		a.cfg.LogLevel = "warn" // the events are what the terminal is for
	}
	if a.cfg.LogFormat == "auto" {
		a.cfg.LogFormat = "text"
	}
	if d.ownRules {
		if err := d.findRules(); err != nil {
			return err
		}
	}
	if a.cfg.Data == "" {
		dir, err := os.MkdirTemp("", "tocsin-demo-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		a.cfg.Data = dir
	}
	m, err := a.build(ctx, a.newLog())
	if err != nil {
		return err
	}
	d.machine = m
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- a.serve(ctx, m)
		stop()
	}()
	d.welcome()
	err = d.play(ctx)
	stop()
	if errors.Is(err, context.Canceled) {
		err = nil // the usual end
	}
	return errors.Join(err, <-served)
}

// findRules uses the rules of the clone, or writes those that the program carries.
func (d *demoVerb) findRules() error {
	a := d.app
	if _, err := os.Stat(demoRules); err == nil {
		a.cfg.Rules = []string{demoRules}
		return nil
	}
	a.cfg.Rules = []string{demoCopy}
	if _, err := os.Stat(demoCopy); err == nil {
		return nil
	}
	if a.demo == nil {
		return errors.New("this program carries no demo; run it in a clone of its source")
	}
	fmt.Fprintf(a.err, "%s the shop's rules are written to %s\n", a.talk.mark(), demoCopy)
	return fs.WalkDir(a.demo, "rules", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(a.demo, name)
		if err != nil {
			return err
		}
		return writeNew(filepath.Join(demoCopy, filepath.FromSlash(strings.TrimPrefix(name, "rules/"))), text)
	})
}

func (d *demoVerb) welcome() {
	a := d.app
	if a.cfg.Quiet {
		return
	}
	s, rules := a.talk, a.cfg.Rules[0]
	flag := ""
	if d.machine.URL() != "http://127.0.0.1:7575" {
		flag = " --server " + d.machine.URL()
	}
	fmt.Fprintf(a.err, `%s the shop is open: %s events a second go to %s
  Try, in another terminal:
    tocsin tail --rule big-foreign-order --deliveries%s
    tocsin explain --event last%s
    aws --endpoint-url %s sqs receive-message --queue-url packing
  or edit %s/orders.yaml and save. Ctrl-C closes the shop.

`, s.tick(), strings.TrimSuffix(d.rate.String(), "/s"), s.strong(d.machine.URL()), flag, flag, d.machine.URL(), rules)
}

// play sends the shop's events and prints what happens.
func (d *demoVerb) play(ctx context.Context) error {
	if err := d.subscribe(ctx); err != nil {
		return err
	}
	watch := d.machine.Engine().Subscribe(1000)
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for item := range watch.C {
			d.print(item)
		}
	}()
	err := d.send(ctx)
	watch.Close()
	<-printed
	if err == nil || errors.Is(err, context.Canceled) {
		d.sum(context.WithoutCancel(ctx))
	}
	return err
}

// subscribe gives the fraud team a queue that their topic writes to.
func (d *demoVerb) subscribe(ctx context.Context) error {
	cfg := d.app.cfg
	if _, err := d.machine.Call(ctx, "sqs", "CreateQueue", &sqs.CreateQueueRequest{QueueName: "fraud-inbox"}); err != nil {
		return err
	}
	if _, err := d.machine.Call(ctx, "sns", "CreateTopic", &sns.CreateTopicRequest{Name: "fraud"}); err != nil {
		return err
	}
	arn := func(service, name string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, cfg.Region, cfg.Account, name)
	}
	_, err := d.machine.Call(ctx, "sns", "Subscribe", &sns.SubscribeRequest{
		TopicARN: arn("sns", "fraud"), Protocol: "sqs", Endpoint: arn("sqs", "fraud-inbox"),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	return err
}

// send puts the events in, one after the other.
func (d *demoVerb) send(ctx context.Context) error {
	shop, start, nextSum := demo.New(d.seed), time.Now(), time.Now().Add(sumEvery)
	for n := 0; d.events == 0 || n < d.events; n++ {
		if err := d.rate.pace(ctx, start, n); err != nil {
			return err
		}
		ev, err := shop.Next(time.Now(), service.NewID())
		if err != nil {
			return err
		}
		if _, err := d.machine.Engine().Put(ctx, []service.Submission{{Event: ev}}); err != nil {
			return err
		}
		if time.Now().After(nextSum) {
			nextSum = time.Now().Add(sumEvery)
			d.sum(ctx)
		}
	}
	return d.settle(ctx)
}

// settle waits until what was sent is delivered, a moment at most.
func (d *demoVerb) settle(ctx context.Context) error {
	for range 50 {
		n := d.machine.Engine().Stats()
		wanted := uint64(0)
		for _, r := range n.Rules {
			wanted += r.Matched
		}
		if n.Delivered+n.Dead >= wanted {
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// print shows an item as tail does. Page views are too many to be worth a line.
func (d *demoVerb) print(i engine.Item) {
	if i.Event.DetailType == "PageViewed" || i.Report != nil && i.Report.Rule == "page-view" {
		return
	}
	d.app.printTailLine(tailLineOf(i))
}

// tailLineOf is the line that a server's answer would have for an item.
func tailLineOf(i engine.Item) tailLine {
	if r := i.Report; r != nil {
		return tailLine{Kind: "delivery", At: i.At, ID: r.Entry.ID, Rule: r.Rule, Target: r.Target, Message: r.Message,
			Result: results[r.Kind], TookMS: float64(r.Took.Microseconds()) / 1000}
	}
	return tailLine{Kind: "event", At: i.At, Matched: i.Matched, Cut: i.Cut, Event: i.Event.Raw()}
}

// results names what became of an attempt as the server's API does.
var results = map[dispatch.Kind]string{
	dispatch.Delivered: engine.StateDelivered, dispatch.Retried: engine.StateRetrying,
	dispatch.Dead: engine.StateDead, dispatch.QueueFailed: engine.StateDying,
}

// sum says what the targets have done: it asks the services, as an AWS client would.
func (d *demoVerb) sum(ctx context.Context) {
	a := d.app
	n := d.machine.Engine().Stats()
	parts := []string{fmt.Sprintf("%d events, %d matched, %d delivered", n.Received, n.Matched, n.Delivered)}
	for _, queue := range []string{"packing", "reorder", "fraud-inbox"} {
		parts = append(parts, queue+" "+d.queueLength(ctx, queue))
	}
	answer, err := d.machine.Call(ctx, "autoscaling", "DescribeAutoScalingGroups", &autoscaling.DescribeRequest{Names: []string{"checkout"}})
	if groups, ok := answer.(*autoscaling.DescribeResponse); err == nil && ok && len(groups.Groups) == 1 {
		parts = append(parts, fmt.Sprintf("checkout has %d workers", groups.Groups[0].DesiredCapacity))
	}
	s := a.style
	fmt.Fprintf(a.out, "%s %s\n", s.strong(s.pick("──", "--")), s.strong(strings.Join(parts, s.pick(" · ", ", "))))
}

func (d *demoVerb) queueLength(ctx context.Context, name string) string {
	answer, err := d.machine.Call(ctx, "sqs", "GetQueueAttributes", &sqs.GetQueueAttributesRequest{
		QueueURL: name, AttributeNames: []string{"ApproximateNumberOfMessages"},
	})
	if attributes, ok := answer.(*sqs.QueueAttributes); err == nil && ok {
		return attributes.Attributes["ApproximateNumberOfMessages"]
	}
	return "0"
}

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/dynamodb"
)

// ErrDataInLambda means that a durable store was asked for where no disk lasts.
var ErrDataInLambda = errors.New("--data (TOCSIN_DATA) is set: the store in files cannot be used in a Lambda function, whose disk is not kept; remove it")

// NewFunction puts the machine together as a Lambda function and loads the rules, which
// stand in the function's package under rules. A rule set that cannot be loaded is a
// *RulesError; warnings are returned.
func NewFunction(ctx context.Context, c config.Config, o Options, started time.Time) (_ *lambdahost.Host, warnings diag.List, err error) {
	if c.Data != "" {
		return nil, nil, ErrDataInLambda
	}
	o.defaults()
	if root := os.Getenv("LAMBDA_TASK_ROOT"); root != "" && slices.Equal(c.Rules, []string{config.Rules}) {
		c.Rules = []string{filepath.Join(root, config.Rules)}
	}
	c.Region = cmp.Or(os.Getenv("AWS_REGION"), c.Region)
	state, err := functionState(c, o)
	if err != nil {
		return nil, nil, err
	}
	a := &App{config: c, now: o.Now, function: true, store: lambdahost.NewStore(state)}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err := a.core(ctx, o); err != nil {
		return nil, nil, err
	}
	front, err := a.front(o)
	if err != nil {
		return nil, nil, err
	}
	if warnings, err = a.load(ctx); err != nil {
		return nil, nil, err
	}
	return lambdahost.New(lambdahost.Config{
		Engine: a.engine, Front: front, Objects: lambdahost.NewS3(lambdahost.S3Config{Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3"), Now: o.Now}),
		Account: c.Account, Region: c.Region, Started: started, Now: o.Now, Log: o.Log,
		Metrics: func(line []byte) { os.Stdout.Write(line) },
	}), warnings, nil
}

// functionState is where a function remembers; nil is nowhere.
func functionState(c config.Config, o Options) (store.State, error) {
	if c.LambdaState == "" {
		return nil, nil
	}
	kind, table, ok := strings.Cut(c.LambdaState, ":")
	if !ok || kind != "dynamodb" || table == "" {
		return nil, fmt.Errorf("--lambda-state (TOCSIN_LAMBDA_STATE) is %q; write dynamodb:TABLE", c.LambdaState)
	}
	return dynamodb.New(awsapi.NewClient(awsapi.ClientConfig{
		Table: service.NewTable(dynamodb.Operations()), Region: c.Region, Now: o.Now, Log: o.Log,
	}), table), nil
}

// front answers AWS clients that call the function's URL. Anybody can reach that, so
// without access keys nobody is answered.
func (a *App) front(o Options) (http.Handler, error) {
	keys, err := accessKeys(a.config.Keys)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "this function answers no HTTP requests: it has no access keys (set TOCSIN_KEYS to a file in its package)", http.StatusForbidden)
		}), nil
	}
	return awsapi.New(awsapi.Config{
		Table: a.table, Account: a.config.Account, Region: a.config.Region, Log: o.Log,
		Verifier: awswire.NewVerifier(awswire.VerifierConfig{Find: awswire.Keys(keys).Find, Now: o.Now, Region: a.config.Region}),
	}), nil
}

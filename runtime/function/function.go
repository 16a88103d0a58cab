package function

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
	"github.com/tocsin-engine/tocsin/runtime/core"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/function/inventory"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/dynamodb"
)

// ErrDataInLambda means that a durable store was asked for where no disk lasts.
var ErrDataInLambda = errors.New("--data (TOCSIN_DATA) is set: the store in files cannot be used in a Lambda function, whose disk is not kept; remove it")

// New puts the machine together as a Lambda function and loads the rules, which stand in
// the function's package under rules; packed plugins stand under plugins. A rule set that
// cannot be loaded is a *core.RulesError; warnings are returned. first is called after the
// first invocation, with what the time until then went into.
func New(ctx context.Context, c config.Config, o core.Options, started time.Time, first func(ColdStart)) (_ *lambdahost.Host, warnings diag.List, err error) {
	cold := newStopwatch(started)
	o.Plugins = cold.plugins
	if c.Data != "" {
		return nil, nil, ErrDataInLambda
	}
	o.Defaults()
	c.Region = cmp.Or(os.Getenv("AWS_REGION"), c.Region)
	var packs sandbox.Packs
	if root := os.Getenv("LAMBDA_TASK_ROOT"); root != "" {
		if slices.Equal(c.Rules, []string{config.Rules}) {
			c.Rules = []string{filepath.Join(root, config.Rules)}
		}
		if packs, err = packsIn(root); err != nil {
			return nil, nil, err
		}
	}
	state, err := functionState(c, o)
	if err != nil {
		return nil, nil, err
	}
	m, err := core.New(ctx, core.Config{
		Config: c, Options: o, Store: lambdahost.NewStore(state), Function: true, Packs: packs,
		Putter: func(e *engine.Engine) service.Putter { return lambdahost.Putter(e) },
	})
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	front, err := front(m, c, o)
	if err != nil {
		return nil, nil, err
	}
	cold.configured()
	if warnings, err = m.Load(ctx); err != nil {
		return nil, nil, err
	}
	cold.loaded(m.Engine.ReloadStatus())
	return lambdahost.New(lambdahost.Config{
		Engine: m.Engine, Front: front, Objects: lambdahost.NewS3(lambdahost.S3Config{Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3"), Config: o.AWS, Now: o.Now}),
		Account: c.Account, Region: c.Region, First: func(took time.Duration) { first(cold.answered(took)) }, Now: o.Now, Log: o.Log,
		Metrics: func(line []byte) { os.Stdout.Write(line) },
	}), warnings, nil
}

// packsIn are the packed plugins of the function in a folder.
func packsIn(root string) (sandbox.Packs, error) {
	v, err := inventory.Read(root)
	return sandbox.Packs{Dir: filepath.Join(root, inventory.Plugins), Digests: v.Packs, LeftOut: v.LeftOut}, err
}

// functionState is where a function remembers; nil is nowhere.
func functionState(c config.Config, o core.Options) (store.State, error) {
	if c.LambdaState == "" {
		return nil, nil
	}
	kind, table, ok := strings.Cut(c.LambdaState, ":")
	if !ok || kind != "dynamodb" || table == "" {
		return nil, fmt.Errorf("--lambda-state (TOCSIN_LAMBDA_STATE) is %q; write dynamodb:TABLE", c.LambdaState)
	}
	return dynamodb.New(awsapi.NewClient(awsapi.ClientConfig{
		Table: service.NewTable(dynamodb.Operations()), Config: o.AWS, Region: c.Region, Now: o.Now, Log: o.Log,
	}), table), nil
}

// front answers AWS clients that call the function's URL. Anybody can reach that, so
// without access keys nobody is answered.
func front(m *core.Core, c config.Config, o core.Options) (http.Handler, error) {
	keys, err := m.AccessKeys()
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "this function answers no HTTP requests: it has no access keys (set TOCSIN_KEYS to a file in its package)", http.StatusForbidden)
		}), nil
	}
	find := func(key string) (awswire.Credential, bool) {
		secret, ok := keys[key]
		return awswire.Credential{Secret: secret}, ok
	}
	return awsapi.New(awsapi.Config{
		Table: m.Table, Account: c.Account, Region: c.Region, Log: o.Log,
		Verifier: awswire.NewVerifier(awswire.VerifierConfig{Find: find, Now: o.Now, Region: c.Region}),
	}), nil
}

package rulefile

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Function are the findings about a set that is to run as an AWS Lambda function, which
// has no services, no disk and no time of its own. state says that it gets a table to
// remember in.
func (s *Set) Function(state bool, plugins map[string]PluginInfo) diag.List {
	var list diag.List
	find := func(code, file string, at diag.Pos, message, label, help string) {
		list = append(list, diag.Finding{Code: code, File: file, Pos: at, Message: message, Label: label, Help: help})
	}
	for _, t := range s.Targets {
		grants := s.grants(t.Plugin, plugins)
		if len(grants.AWS) > 0 && t.Mode != "aws" {
			find("F001", t.File, t.Pos, fmt.Sprintf("target %q is in mode local, and a Lambda function has no services in it", t.Name),
				"write  mode: aws", "its calls then go to the account's own services")
		}
		if grants.KV > 0 && !state {
			find("F002", t.File, t.Pos, fmt.Sprintf("the plugin of target %q keeps values, and a Lambda function forgets them", t.Name),
				"say  --lambda-state dynamodb:TABLE", needsTable)
		}
		if t.Record && !state {
			find("F002", t.File, t.Pos, fmt.Sprintf("target %q keeps recordings of its calls, and a Lambda function forgets them", t.Name),
				"say  --lambda-state dynamodb:TABLE, or remove  record", needsTable)
		}
		for _, c := range []struct {
			is   bool
			name string
		}{{t.OrderBy != nil, "order_by"}, {t.Window > 0, "batch window"}} {
			if c.is {
				find("F003", t.File, t.Pos, fmt.Sprintf("target %q has %s, which a Lambda function cannot keep", t.Name, withArticle(c.name)),
					"remove it", "a function ends when it has answered: the order and the batches are those of the queue or stream that invokes it")
			}
		}
	}
	for _, r := range s.Rules {
		if r.OncePer != nil && !state {
			find("F002", r.File, r.Pos, fmt.Sprintf("rule %q has once_per, and a Lambda function forgets what matched", r.Name),
				"say  --lambda-state dynamodb:TABLE", needsTable)
		}
		if r.Schedule != nil {
			find("F003", r.File, r.Pos, fmt.Sprintf("rule %q has a schedule, and a Lambda function runs only when it is invoked", r.Name),
				"match the Scheduled Event of a schedule in the account", "let EventBridge Scheduler invoke the function")
		}
	}
	for _, a := range s.Archives {
		find("F003", a.File, a.Pos, fmt.Sprintf("archive %q has no place in a Lambda function", a.Name), "remove it", "make it an archive of the account's bus")
	}
	list.Sort()
	return list
}

// needsTable says what to do where a function must remember.
const needsTable = "a function remembers in a table of DynamoDB, or not at all"

func withArticle(name string) string {
	if name[0] == 'o' {
		return "an " + name
	}
	return "a " + name
}

// grants are what the targets of a plugin may do: shipped ones what they need.
func (s *Set) grants(plugin string, plugins map[string]PluginInfo) abi.Grants {
	for _, p := range s.Plugins {
		if p.Name == plugin && p.HasAllow {
			return p.Allow
		}
	}
	if info := plugins[plugin]; info.Shipped {
		return info.Manifest.Needs
	}
	return abi.Grants{}
}

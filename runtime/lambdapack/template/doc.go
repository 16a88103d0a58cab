// Package template writes the plan of a Lambda function as what deploys it: a SAM template,
// a CDK project in TypeScript, or Terraform's configuration.
//
// All three make the same: the function, its role with the plan's statements and no other,
// its log group, its queue of dead letters, its table, and for each source what lets it
// invoke the function and nothing else do so. The same plan gives the same bytes.
//
// What a person or a rule file wrote goes in quoted: FuzzTexts holds that it comes out of
// each language's own parser unchanged.
package template

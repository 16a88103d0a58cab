// Package lambdapack makes a Lambda function of a rule set: it decides what goes into the
// function's zip, what invokes the function and what the function may do, and builds the
// zip. Package template writes the same as SAM, CDK and Terraform.
//
// Plan is the whole decision, and everything else follows from it: the same inputs give
// the same plan, and the same plan the same bytes. What could not be made as narrow or as
// complete as a person would do it by hand is said in the plan's Warnings, not left out.
package lambdapack

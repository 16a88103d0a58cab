// Package agentfile reads the configurations of AWS's agents: the JSON of the unified
// CloudWatch agent and the INI of the old logs agent (awslogs.conf). Several files are
// merged as the unified agent merges a folder.
//
// What is read becomes a Plan; what is not collected here is named, with its file, line
// and path, as a warning, so that a configuration that exists can be tried as it is and
// nobody believes that something is collected which is not. Only what cannot be meant
// (a number where a list must be, a regular expression that is none, two files that
// say different things) is an error.
//
// Findings have codes of their own: A001 a value that cannot be, A002 not collected
// here, A003 a placeholder that this machine has nothing for, A004 said twice, A005 an
// unknown name. rules/diag has a page for each.
package agentfile

// Package parse turns SQL text into planner/ast.
//
//	text ── lexer ──► tokens ── parser ──► ast
//
// The grammar is Spark SQL 4's with its default keyword rules (nearly every
// keyword may be a name), widened by FROM-first queries, trailing commas,
// QUALIFY, files in FROM and more spellings of EXPLAIN. The lexer works on
// bytes and keeps no state; the parser is recursive descent with precedence
// climbing, one file a family of statements.
//
// Every failure is a *sqlerr.Error with a position; no text makes the package
// panic. Nesting and chains are bounded (STATEMENT_TOO_COMPLEX), so that the
// recursions of later stages are, too. The package looks nothing up and
// folds nothing but the sign of a number.
//
// Script, Tokens and Keywords serve the shell and script runners.
package parse

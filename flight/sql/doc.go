// Package sql is the Flight SQL server: the protocol of JDBC, ADBC and other
// clients over an Engine.
//
//	gRPC ─► auth.Gate ─► Flight ─┬─► arrow-go's routing ─► Server's methods ─┐
//	                             └─► DoGet of our own ──────────────────────┤
//	                                                                         ▼
//	            client (a session) ── prepared statements, queries ──► Engine, Session, Statement
//
// A query is planned when a client asks for its FlightInfo and runs when its
// ticket is redeemed: rows go from the engine to the client under back-pressure,
// and only small results are kept to be read again. A statement that changes
// something runs at once, since many clients never fetch what it gives.
//
// The package knows Arrow and the protocol; tables, plans and rights are the
// engine's. Listening, TLS and limits of the process are package flight/listen's.
package sql

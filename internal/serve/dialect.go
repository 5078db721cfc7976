package serve

import (
	"slices"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/planner/parse"
)

// Dialect implements sql.Engine.
func (e *Engine) Dialect() sql.Dialect {
	d := sql.Dialect{Transactions: true, Keywords: beyondSQL92(parse.Keywords())}
	reg, err := all.Registry()
	if err != nil { // two functions of one name: found by every test
		return d
	}
	for _, f := range reg.Defs() {
		if f.Kind != function.Scalar || f.Name[0] < 'a' { // operators are no functions to a client
			continue
		}
		names := append([]string{f.Name}, f.Aliases...)
		switch f.Family {
		case "math", "bitwise":
			d.Numeric = append(d.Numeric, names...)
		case "string", "hash", "json":
			d.String = append(d.String, names...)
		case "datetime":
			d.Datetime = append(d.Datetime, names...)
		case "conditional", "conversion", "misc":
			d.System = append(d.System, names...)
		}
	}
	for _, list := range []*[]string{&d.Numeric, &d.String, &d.Datetime, &d.System} {
		*list = slices.DeleteFunc(*list, func(n string) bool { return n[0] < 'a' })
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return d
}

// beyondSQL92 leaves out the words that are reserved in SQL-92: clients know those.
func beyondSQL92(words []string) []string {
	reserved := map[string]bool{}
	for w := range strings.FieldsSeq(sql92) {
		reserved[w] = true
	}
	return slices.DeleteFunc(words, func(w string) bool { return reserved[w] })
}

// sql92 are the reserved words of ISO/IEC 9075:1992.
const sql92 = `
ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT AUTHORIZATION AVG BEGIN BETWEEN BIT BIT_LENGTH BOTH BY
CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER CHARACTER_LENGTH CHAR_LENGTH CHECK CLOSE COALESCE COLLATE COLLATION COLUMN
COMMIT CONNECT CONNECTION CONSTRAINT CONSTRAINTS CONTINUE CONVERT CORRESPONDING COUNT CREATE CROSS CURRENT CURRENT_DATE
CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE DAY DEALLOCATE DEC DECIMAL DECLARE DEFAULT DEFERRABLE DEFERRED DELETE DESC
DESCRIBE DESCRIPTOR DIAGNOSTICS DISCONNECT DISTINCT DOMAIN DOUBLE DROP ELSE END ESCAPE EXCEPT EXCEPTION EXEC EXECUTE EXISTS
EXTERNAL EXTRACT FALSE FETCH FIRST FLOAT FOR FOREIGN FOUND FROM FULL GET GLOBAL GO GOTO GRANT GROUP HAVING HOUR IDENTITY IMMEDIATE
IN INDICATOR INITIALLY INNER INPUT INSENSITIVE INSERT INT INTEGER INTERSECT INTERVAL INTO IS ISOLATION JOIN KEY LANGUAGE LAST
LEADING LEFT LEVEL LIKE LOCAL LOWER MATCH MAX MIN MINUTE MODULE MONTH NAMES NATIONAL NATURAL NCHAR NEXT NO NOT NULL NULLIF NUMERIC
OCTET_LENGTH OF ON ONLY OPEN OPTION OR ORDER OUTER OUTPUT OVERLAPS PAD PARTIAL POSITION PRECISION PREPARE PRESERVE PRIMARY PRIOR
PRIVILEGES PROCEDURE PUBLIC READ REAL REFERENCES RELATIVE RESTRICT REVOKE RIGHT ROLLBACK ROWS SCHEMA SCROLL SECOND SECTION SELECT
SESSION SESSION_USER SET SIZE SMALLINT SOME SPACE SQL SQLCODE SQLERROR SQLSTATE SUBSTRING SUM SYSTEM_USER TABLE TEMPORARY THEN TIME
TIMESTAMP TIMEZONE_HOUR TIMEZONE_MINUTE TO TRAILING TRANSACTION TRANSLATE TRANSLATION TRIM TRUE UNION UNIQUE UNKNOWN UPDATE UPPER
USAGE USER USING VALUE VALUES VARCHAR VARYING VIEW WHEN WHENEVER WHERE WITH WORK WRITE YEAR ZONE`

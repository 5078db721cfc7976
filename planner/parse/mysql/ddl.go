package mysql

import (
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

func (t *translator) insert(n *sqlparser.Insert) ast.Statement {
	switch {
	case n.Action == sqlparser.ReplaceStr:
		t.fail("REPLACE")
	case n.Ignore != "":
		t.fail("INSERT IGNORE")
	case len(n.OnDup) > 0:
		t.fail("ON DUPLICATE KEY UPDATE")
	case len(n.Partitions) > 0:
		t.fail("INSERT with PARTITION")
	}
	s := &ast.Insert{Table: t.tableName(n.Table)}
	for _, c := range n.Columns {
		s.Columns = append(s.Columns, c.String())
	}
	switch rows := n.Rows.(type) {
	case sqlparser.Values:
		v := &ast.Values{}
		for _, row := range rows {
			v.Rows = append(v.Rows, t.exprs(row))
		}
		s.Query = &ast.Query{Body: v}
	case sqlparser.SelectStatement:
		s.Query = t.query(rows)
	default:
		t.fail("this INSERT")
	}
	return s
}

// target is the one table of an UPDATE or DELETE.
func (t *translator) target(list sqlparser.TableExprs, what string) (ast.Name, *ast.Alias) {
	if len(list) == 1 {
		if r, ok := t.relation(list[0]).(*ast.TableRef); ok {
			return r.Name, r.Alias
		}
	}
	t.fail("%s of several tables", what)
	return ast.Name{}, nil
}

func (t *translator) update(n *sqlparser.Update) ast.Statement {
	if n.OrderBy != nil || n.Limit != nil {
		t.fail("UPDATE with ORDER BY or LIMIT")
	}
	s := &ast.Update{}
	s.Table, s.Alias = t.target(n.TableExprs, "UPDATE")
	for _, e := range n.Exprs {
		s.Set = append(s.Set, ast.Assignment{Column: ast.N(e.Name.Name.String()), Value: t.expr(e.Expr)})
	}
	if n.Where != nil {
		s.Where = t.expr(n.Where.Expr)
	}
	return s
}

func (t *translator) delete(n *sqlparser.Delete) ast.Statement {
	if n.OrderBy != nil || n.Limit != nil || len(n.Targets) > 0 || len(n.Partitions) > 0 {
		t.fail("DELETE with ORDER BY, LIMIT, PARTITION or several tables")
	}
	s := &ast.Delete{}
	s.Table, s.Alias = t.target(n.TableExprs, "DELETE")
	if n.Where != nil {
		s.Where = t.expr(n.Where.Expr)
	}
	return s
}

// createTable translates the columns of CREATE TABLE. Keys and indexes have
// no effect on answers and are left out, as are the engine's options.
func (t *translator) createTable(n *sqlparser.DDL) ast.Statement {
	if n.Action != sqlparser.CreateStr || n.TableSpec == nil {
		t.fail("this CREATE or ALTER statement")
	}
	s := &ast.CreateTable{Name: t.tableName(n.NewName), IfNotExists: n.IfExists}
	if n.NewName.IsEmpty() {
		s.Name = t.tableName(n.Table)
	}
	for _, c := range n.TableSpec.Columns {
		col := ast.ColumnDef{Name: ast.N(c.Name.String()), Type: t.columnType(c.Type), NotNull: bool(c.Type.NotNull)}
		if c.Type.Autoincrement {
			t.fail("AUTO_INCREMENT")
		}
		if d := c.Type.Default; d != nil && !strings.EqualFold(string(d.Val), "null") {
			col.Default = t.value(d)
			if strings.EqualFold(string(d.Val), "current_timestamp") {
				col.Default = ast.Call("current_timestamp")
			}
		}
		if c.Type.Comment != nil {
			col.Comment = string(c.Type.Comment.Val)
		}
		s.Columns = append(s.Columns, col)
	}
	return s
}

var stringType = ast.T(types.StringType)

// columnTypes are MySQL's types without parameters of their own.
var columnTypes = map[string]types.Type{
	"bit": types.Int64Type, "tinyint": types.Int8Type, "smallint": types.Int16Type, "mediumint": types.Int32Type, "int": types.Int32Type,
	"integer": types.Int32Type, "bigint": types.Int64Type, "float": types.Float32Type, "double": types.Float64Type, "real": types.Float64Type,
	"bool": types.BoolType, "boolean": types.BoolType, "date": types.DateType, "datetime": types.TimestampNTZType, "timestamp": types.TimestampType,
	"year": types.Int16Type, "text": types.StringType, "tinytext": types.StringType, "mediumtext": types.StringType, "longtext": types.StringType,
	"enum": types.StringType, "set": types.StringType, "json": types.StringType, "blob": types.BinaryType, "tinyblob": types.BinaryType,
	"mediumblob": types.BinaryType, "longblob": types.BinaryType, "binary": types.BinaryType, "varbinary": types.BinaryType,
}

// unsigned are the types that hold what the unsigned form of a type can.
var unsigned = map[types.Kind]types.Type{
	types.Int8: types.Int16Type, types.Int16: types.Int32Type, types.Int32: types.Int64Type, types.Int64: types.DecimalType(20, 0),
}

func (t *translator) columnType(c sqlparser.ColumnType) ast.TypeName {
	name := strings.ToLower(c.Type)
	switch name {
	case "decimal", "numeric", "dec":
		return ast.T(t.decimal(c.Length, c.Scale))
	case "char", "nchar":
		return ast.TypeName{Type: types.StringType, Char: ast.CharType, Len: t.number(c.Length, 1)}
	case "varchar", "nvarchar":
		return ast.TypeName{Type: types.StringType, Char: ast.VarcharType, Len: t.number(c.Length, 65535)}
	}
	typ, ok := columnTypes[name]
	if !ok {
		t.fail("the type %s", c.Type)
	}
	if wide, ok := unsigned[typ.Kind]; ok && bool(c.Unsigned) {
		typ = wide
	}
	return ast.T(typ)
}

func (t *translator) decimal(length, scale *sqlparser.SQLVal) types.Type {
	p, s := t.number(length, 10), t.number(scale, 0)
	if p > types.MaxPrecision || s > p {
		t.fail("DECIMAL(%d,%d)", p, s)
	}
	return types.DecimalType(p, s)
}

func (t *translator) number(v *sqlparser.SQLVal, missing int) int {
	if v == nil {
		return missing
	}
	n, err := strconv.Atoi(string(v.Val))
	if err != nil {
		t.fail("the length %s", shorten(string(v.Val)))
	}
	return n
}

// convertType is the type of a CAST or CONVERT.
func (t *translator) convertType(c *sqlparser.ConvertType) ast.TypeName {
	switch strings.ToLower(c.Type) {
	case "signed", "signed integer":
		return ast.T(types.Int64Type)
	case "unsigned", "unsigned integer":
		return ast.T(types.DecimalType(20, 0))
	case "char", "nchar":
		return stringType
	case "date":
		return ast.T(types.DateType)
	case "datetime":
		return ast.T(types.TimestampNTZType)
	case "decimal":
		return ast.T(t.decimal(c.Length, c.Scale))
	case "binary":
		return ast.T(types.BinaryType)
	}
	t.fail("CAST to %s", c.Type)
	return stringType
}

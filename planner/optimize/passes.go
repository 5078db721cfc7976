package optimize

// Passes is the table of passes, in order. Before says which order is needed and why.
var Passes = []Pass{
	{Name: "with", Required: true, Rules: []Rule{InlineWith}},
	{Name: "simplify", Rules: simplifyRules},
	{Name: "decorrelate", Required: true, Rules: []Rule{Decorrelate}},
	{Name: "setops", Required: true, Rules: []Rule{MergeUnions, IntersectExcept, UnionDistinct}},
	{Name: "simplify again", Rules: simplifyRules},
	{Name: "pushdown", Rules: []Rule{PushPredicates}},
	{Name: "simplify pushed", Rules: simplifyRules},
	{Name: "ranks", Rules: []Rule{RankLimit}},
	{Name: "join order", Rules: []Rule{OrderJoins}},
	{Name: "aggregates", Rules: []Rule{DropDistinct, PushAggregate}},
	{Name: "limits", Rules: limitRules},
	{Name: "expand with", Required: true, Rules: []Rule{ExpandWith, LimitRecursion}},
	{Name: "share", Rules: []Rule{ShareSubplans}},
	{Name: "prune", Rules: []Rule{PruneColumns}},
}

var simplifyRules = []Rule{
	FoldConstants, SimplifyAnd, SimplifyOr, SimplifyNot, FactorOr, LiteralRight, NullComparison, IsNullOfNotNull,
	SimplifyCase, UnwrapCast, UnwrapCastIn,
}

// Before lists pairs of passes with the reason the first must come before the
// second; a test checks the table against it.
var Before = [][3]string{
	{"with", "decorrelate", "a plan used once is unnested where it stands"},
	{"limits", "expand with", "a plan that several uses share is rewritten once, while there is one of it"},
	{"expand with", "share", "keys of shared plans are numbered after those there are"},
	{"simplify", "decorrelate", "a negation in front of EXISTS or IN decides between semi, anti and mark join"},
	{"decorrelate", "setops", "a correlated set operation is unnested as one"},
	{"decorrelate", "pushdown", "predicates cannot pass an Apply or look into subquery expressions"},
	{"setops", "pushdown", "predicates pass joins and unions, not INTERSECT and EXCEPT"},
	{"simplify again", "pushdown", "conditions common to all branches of an OR become join keys"},
	{"pushdown", "join order", "relations are compared by their size after filtering"},
	{"pushdown", "prune", "pushed predicates change which columns are needed where"},
	{"pushdown", "ranks", "conditions on ranks stand on their windows then"},
	{"ranks", "join order", "relations are compared by their size after filtering"},
	{"join order", "aggregates", "an aggregate goes below joins whose order is settled"},
	{"aggregates", "share", "uses of a plan are compared in their final form"},
	{"aggregates", "prune", "columns that only a pushed aggregate reads end there"},
	{"join order", "prune", "the order decides which columns a join must pass on"},
	{"join order", "share", "uses of a plan are compared in their final form"},
	{"limits", "share", "uses of a plan are compared in their final form"},
	{"share", "prune", "uses that need different columns would no longer look alike"},
	{"limits", "prune", "a moved limit or dropped sort frees columns"},
}

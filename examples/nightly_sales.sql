-- Nightly sales of a retail chain.
--
-- Reads what arrived up to :day, keeps the newest version of each valid transaction, converts revenue to euros, and writes
--   ${out}/rejects        rows that failed a check, with the reason             Parquet
--   ${out}/daily_sales    revenue by day, store and category                    Parquet, partitioned by day
--   ${out}/report.csv     top ten products of each region, last seven days      CSV, one file
-- A second run replaces all of them. Rows are sorted, so that the same input gives the same bytes.
--
--   volley run examples/nightly_sales.sql --param day=2026-11-20 --param data=DIR --param out=DIR
--
-- param day = 2026-11-21
-- param data = testdata/retail
-- param out = out

-- Days are those of UTC, wherever the job runs.
SET TIME ZONE 'UTC';

-- What arrived, partitioned by the day of arrival.
CREATE OR REPLACE TEMP VIEW arrivals AS
SELECT * FROM parquet.`${data}/transactions` WHERE day <= CAST(:day AS DATE);

CREATE OR REPLACE TEMP VIEW stores
USING csv OPTIONS (path '${data}/stores.csv', header 'true', inferSchema 'true', escape '"');

CREATE OR REPLACE TEMP VIEW products
USING json OPTIONS (path '${data}/products.jsonl');

CREATE OR REPLACE TEMP VIEW fx_rates (day, currency, rate_to_eur) AS
SELECT CAST(day AS DATE), currency, CAST(rate_to_eur AS DECIMAL(12, 6)) FROM '${data}/fx_rates.csv';

-- Every row with the first check it fails, or NULL.
CREATE OR REPLACE TEMP VIEW checked AS
SELECT
  a.*,
  CASE
    WHEN a.txn_id IS NULL THEN 'no transaction id'
    WHEN s.store_id IS NULL THEN 'unknown store'
    WHEN p.product_id IS NULL THEN 'unknown product'
    WHEN a.quantity IS NULL OR a.quantity <= 0 THEN 'quantity not positive'
    WHEN a.unit_price IS NULL OR a.unit_price <= 0 THEN 'no price'
    WHEN a.discount NOT BETWEEN 0 AND 1 THEN 'discount out of range'
    WHEN a.currency <> s.currency THEN 'currency is not the store''s'
    WHEN a.sold_at >= a.day + INTERVAL 1 DAY THEN 'sold after it arrived'
  END AS reason
FROM arrivals a
LEFT JOIN stores s ON s.store_id = a.store_id
LEFT JOIN products p ON p.product_id = a.product_id;

CREATE OR REPLACE TABLE rejects USING parquet LOCATION '${out}/rejects' AS
SELECT reason, txn_id, version, sold_at, store_id, product_id, quantity, unit_price, discount, currency, day AS arrived
FROM checked
WHERE reason IS NOT NULL
ORDER BY reason, txn_id, version, arrived, sold_at, store_id, product_id;

-- The newest version of each transaction, in euros. Late rows count for the day they were sold.
CREATE OR REPLACE TEMP VIEW sales AS
SELECT
  t.txn_id, CAST(t.sold_at AS DATE) AS day, t.store_id, s.name AS store, s.region, t.product_id, p.name AS product, p.category,
  t.quantity,
  CAST(t.quantity * t.unit_price * (1 - coalesce(t.discount, 0)) * f.rate_to_eur AS DECIMAL(14, 2)) AS revenue
FROM (
  SELECT * FROM checked WHERE reason IS NULL
  QUALIFY row_number() OVER (PARTITION BY txn_id ORDER BY version DESC, day DESC) = 1
) t
JOIN stores s ON s.store_id = t.store_id
JOIN products p ON p.product_id = t.product_id
JOIN fx_rates f ON f.day = CAST(t.sold_at AS DATE) AND f.currency = t.currency;

CREATE OR REPLACE TABLE daily_sales USING parquet PARTITIONED BY (day) LOCATION '${out}/daily_sales' AS
SELECT store_id, store, region, category, count(*) AS transactions, sum(quantity) AS units, sum(revenue) AS revenue, day
FROM sales
GROUP BY ALL
ORDER BY day, store_id, category;

-- The ten best products of each region in the week that ends with :day.
INSERT OVERWRITE DIRECTORY '${out}/report.csv' USING csv OPTIONS (header 'true', singleFile 'true')
SELECT region, rank, product_id, product, category, units, revenue
FROM (
  SELECT region, product_id, product, category, sum(quantity) AS units, sum(revenue) AS revenue,
         rank() OVER (PARTITION BY region ORDER BY sum(revenue) DESC) AS rank
  FROM sales
  WHERE day > CAST(:day AS DATE) - INTERVAL 7 DAYS
  GROUP BY region, product_id, product, category
)
WHERE rank <= 10
ORDER BY region, rank, product_id;

-- Summary: revenue of each region on the last days, beside its mean of seven days.
SELECT region, day, transactions, revenue,
       CAST(avg(revenue) OVER (PARTITION BY region ORDER BY day RANGE BETWEEN INTERVAL 6 DAYS PRECEDING AND CURRENT ROW) AS DECIMAL(14, 2)) AS mean_7_days
FROM (SELECT region, day, sum(transactions) AS transactions, sum(revenue) AS revenue FROM daily_sales GROUP BY region, day)
QUALIFY day > CAST(:day AS DATE) - INTERVAL 3 DAYS
ORDER BY region, day;

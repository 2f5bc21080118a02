#ifndef OFFING_BASE_DIMENSION_H
#define OFFING_BASE_DIMENSION_H

/** What a number measures, the units users may write it in, and what it becomes inside. */
enum quantity_dim {
	QUANTITY_NUMBER,    /* no unit */
	QUANTITY_TIME,      /* ns us ms s min h d -> s */
	QUANTITY_BYTES,     /* B kB MB GB KiB MiB GiB -> bytes */
	QUANTITY_BIT_RATE,  /* bps kbps Mbps Gbps, kbit Mbit Gbit, B/s kB/s MB/s GB/s -> bytes/s */
	QUANTITY_FREQUENCY, /* /s /min /h -> 1/s */
	QUANTITY_FLOP_RATE, /* GFLOP/s TFLOP/s GOP/s TOP/s -> 1/s */
	QUANTITY_BYTE_RATE, /* MB/s GB/s TB/s -> bytes/s */
	QUANTITY_CLOCK,     /* MHz GHz -> Hz */
	QUANTITY_POWER,     /* W kW -> W */
	QUANTITY_FRACTION,  /* 0.5 or 50 % -> 0.5 */
	QUANTITY_PRICE,     /* USD/h -> USD/h */
	QUANTITY_DIMS,
};

#endif

"""CSC out of core: rows are split into buckets of neighbouring dst nodes, then each bucket is sorted alone.

    bin     ``dst >> shift``: counted first, so that buckets of about equal size can be chosen
    bucket  a run of bins; its records are kept in row order
    record  (dst, row) or (dst, src, row)

Every pass reads and writes in runs: a chunk of rows, its slices by bucket, a bucket. Rows of which an end
is ``nothing`` (a null or dangling key) give no record.
"""

from __future__ import annotations

import numpy as np

from workbench.kernels.jit import kernel


@kernel
def count_bins(dst, src, num_dst, num_src, nothing, shift, bins):
    """Count the edges of a chunk of rows by bin.

    Arrays
    ------
    dst      ids[rows]
    src      ids[rows], or ids[0] where the row itself is the neighbour
    nothing  int64
    bins     int64[(num_dst - 1 >> shift) + 1]  counts, added to
    returns  int64        the first row with an id out of range, or -1
    """
    pairs = len(src) > 0
    for row in range(len(dst)):
        end = np.int64(dst[row])
        begin = np.int64(src[row]) if pairs else np.int64(0)
        if end == nothing or (pairs and begin == nothing):
            continue
        if end < 0 or end >= num_dst or (pairs and (begin < 0 or begin >= num_src)):
            return row
        bins[end >> shift] += 1
    return -1


@kernel
def split_rows(dst, src, first, nothing, shift, bucket_of_bin, ends, records):
    """Sort a chunk of rows by bucket, keeping their order within each.

    Arrays
    ------
    dst, src       as in :func:`count_bins`, already checked
    first          int64             row id of the chunk's first row
    bucket_of_bin  int32[bins]
    ends           int64[buckets]    out: where each bucket's records end
    records        ids[rows, 2 or 3] out: bucket after bucket
    """
    pairs = len(src) > 0
    ends[:] = 0
    for row in range(len(dst)):
        end = np.int64(dst[row])
        if end != nothing and not (pairs and np.int64(src[row]) == nothing):
            ends[bucket_of_bin[end >> shift]] += 1
    total = 0
    for bucket in range(len(ends)):
        total, ends[bucket] = total + ends[bucket], total
    for row in range(len(dst)):
        end = np.int64(dst[row])
        if end == nothing or (pairs and np.int64(src[row]) == nothing):
            continue
        bucket = bucket_of_bin[end >> shift]
        slot = ends[bucket]
        ends[bucket] = slot + 1
        records[slot, 0] = dst[row]
        if pairs:
            records[slot, 1] = src[row]
            records[slot, 2] = first + row
        else:
            records[slot, 1] = first + row


@kernel
def count_dsts(records, first, offsets):
    """Count records by dst.

    Arrays
    ------
    records  ids[edges, 2 or 3]
    first    int64            the bucket's first dst
    offsets  int64[dsts + 1]  counts at ``dst - first + 1``, added to
    """
    for i in range(len(records)):
        offsets[np.int64(records[i, 0]) - first + 1] += 1


@kernel
def place_records(records, first, slots, nbr, eid):
    """Write each record to the next free slot of its dst: a counting sort, which keeps row order.

    Arrays
    ------
    records  ids[edges, 2 or 3]
    first    int64        the bucket's first dst
    slots    int64[dsts]  next free slot within the bucket, advanced in place
    nbr      ids[bucket's edges]  out
    eid      as ``nbr``, or ids[0] where the row itself is the neighbour
    """
    pairs = len(eid) > 0
    for i in range(len(records)):
        node = np.int64(records[i, 0]) - first
        slot = slots[node]
        slots[node] = slot + 1
        nbr[slot] = records[i, 1]
        if pairs:
            eid[slot] = records[i, 2]

namespace VmBus.Compare;

/// <summary>How packets are written and read.</summary>
internal enum Shape
{
    /// <summary>One thread writes a packet and reads it.</summary>
    WriteRead,

    /// <summary>One thread writes a batch and reads it.</summary>
    Batch,

    /// <summary>One thread writes, another reads, one packet a call.</summary>
    AcrossOne,

    /// <summary>One thread writes, another reads, by the batch.</summary>
    AcrossBatch,

    /// <summary>Two threads send one packet to and fro; the figure is for one way.</summary>
    PingPong,

    /// <summary>One thread writes bytes into a pipe, 32 times, and reads them all; the figure is for one write and its reading.</summary>
    Pipe,

    /// <summary>One thread writes bytes into a pipe, another reads them; the figure is for one write.</summary>
    AcrossPipe,
}

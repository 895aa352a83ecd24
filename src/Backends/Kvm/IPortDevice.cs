// What answers at ports. Mirrors nothing of VMBus: it is what little of a PC a kernel needs to boot.

namespace VmBus.Kvm;

/// <summary>A device at some ports. Called by the thread of whichever VP accesses it, several at once.</summary>
internal interface IPortDevice
{
    /// <summary>Its first port.</summary>
    ushort FirstPort { get; }

    /// <summary>How many ports it has.</summary>
    int PortCount { get; }

    /// <summary>Reads.</summary>
    /// <param name="offset">The port, counted from the first.</param>
    /// <param name="size">Bytes: 1, 2 or 4.</param>
    /// <returns>The value, in the low bytes.</returns>
    uint Read(int offset, int size);

    /// <summary>Writes.</summary>
    /// <param name="offset">The port, counted from the first.</param>
    /// <param name="size">Bytes: 1, 2 or 4.</param>
    /// <param name="value">The value, in the low bytes.</param>
    void Write(int offset, int size, uint value);
}

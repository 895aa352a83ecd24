// A machine that boots Linux.

namespace VmBus.Kvm;

/// <summary>Options of a <see cref="LinuxMachine"/>.</summary>
public sealed record LinuxMachineOptions
{
    /// <summary>The kernel: a bzImage.</summary>
    public required byte[] Kernel { get; init; }

    /// <summary>The initial RAM disk; empty for none.</summary>
    public ReadOnlyMemory<byte> InitialDisk { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; init; } = "console=ttyS0";

    /// <summary>The options of the guest.</summary>
    public KvmPartitionOptions Partition { get; init; } = new();

    /// <summary>The time of the machine's battery-backed clock, in UTC.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Called with each byte that the guest writes to its serial port, on a VP's thread. Must not block for long.
    /// </summary>
    public Action<byte>? Console { get; init; }
}

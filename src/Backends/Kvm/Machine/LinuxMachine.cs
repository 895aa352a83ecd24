// The least machine that a stock Linux kernel boots on and finds a VMBus in: memory, processors, a serial port, a
// clock, a way to turn it off.

using System.Runtime.Versioning;
using VmBus.Hosting;

namespace VmBus.Kvm;

/// <summary>A machine under KVM with a Linux kernel loaded. Dispose it after everything that uses its partition.</summary>
[SupportedOSPlatform("linux")]
public sealed class LinuxMachine : IDisposable
{
    private const uint SerialLine = 4;

    private readonly SerialPort _serial;

    /// <summary>Creates the machine; it is not started.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="InvalidDataException">The kernel is not valid, or does not fit into memory.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">KVM is not available, or it refused.</exception>
    /// <exception cref="PlatformNotSupportedException">This KVM lacks a capability; the message names it.</exception>
    public LinuxMachine(LinuxMachineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var image = new LinuxImage(options.Kernel);
        Partition = new KvmPartition(options.Partition);
        try
        {
            Action<byte> console = options.Console ?? (static _ => { });
            _serial = new SerialPort(console, isRaised => Partition.SetLine(SerialLine, isRaised));
            Partition.AddPorts(_serial);
            Partition.AddPorts(new CmosClock(options.Clock));
            Partition.AddPorts(new PowerPorts(() => Partition.Stop(GuestEndReason.PoweredOff, "The guest turned its machine off.")));
            Partition.AddPorts(ResetPort.Acpi(Reset));
            Partition.AddPorts(ResetPort.Keyboard(Reset));
            LinuxLoader.Load(Partition, image, options.InitialDisk.Span, options.CommandLine);
        }
        catch
        {
            Partition.Dispose();
            throw;
        }
    }

    /// <summary>The guest.</summary>
    public KvmPartition Partition { get; }

    /// <summary>How the guest ended.</summary>
    public Task<GuestEnd> Ended => Partition.Ended;

    /// <summary>Starts the kernel.</summary>
    /// <exception cref="InvalidOperationException">It was already started.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void Start() => Partition.Start();

    /// <summary>Types on the guest's serial port.</summary>
    /// <param name="bytes">The bytes to type.</param>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public void Type(ReadOnlySpan<byte> bytes)
    {
        Partition.ThrowIfDisposed();
        _serial.Receive(bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => Partition.Dispose();

    private void Reset() => Partition.Stop(GuestEndReason.Reset, "The guest reset its machine.");
}

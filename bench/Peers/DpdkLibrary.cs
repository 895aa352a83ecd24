// DPDK's compiled VMBus library, as Debian 12 ships it. Mirrors the exported functions of rte_bus_vmbus.h, v22.11.11.

using System.Runtime.InteropServices;

namespace VmBus.Peers;

/// <summary>The functions of <c>librte_bus_vmbus.so.23</c>, by address.</summary>
/// <remarks>
/// Rings need no EAL: no memory is allocated, no device looked for, no thread started. The library is loaded once and
/// stays loaded.
/// </remarks>
public sealed class DpdkLibrary
{
    /// <summary>The library's name: ABI 23.0 is DPDK 22.11 and its maintenance releases.</summary>
    public const string FileName = "librte_bus_vmbus.so.23";

    /// <summary>What a function returns where there is no room to send, or nothing whole to receive: <c>-EAGAIN</c>.</summary>
    public const int TryAgain = -11;

    /// <summary>What receiving returns where the buffer is too small; the packet stays: <c>-ENOBUFS</c>.</summary>
    public const int BufferTooSmall = -105;

    /// <summary>What receiving returns where the header is impossible; the packet stays: <c>-EIO</c>.</summary>
    public const int InputOutputError = -5;

    private DpdkLibrary(nint handle)
    {
        Path = LoadedPath() ?? FileName;
        Send = NativeLibrary.GetExport(handle, "rte_vmbus_chan_send");
        Receive = NativeLibrary.GetExport(handle, "rte_vmbus_chan_recv");
        ReceiveRaw = NativeLibrary.GetExport(handle, "rte_vmbus_chan_recv_raw");
        IsReceiveEmpty = NativeLibrary.GetExport(handle, "rte_vmbus_chan_rx_empty");
        SignalSend = NativeLibrary.GetExport(handle, "rte_vmbus_chan_signal_tx");
        SignalRead = NativeLibrary.GetExport(handle, "rte_vmbus_chan_signal_read");
        SetLatency = NativeLibrary.GetExport(handle, "rte_vmbus_set_latency");
        SubChannelIndex = NativeLibrary.GetExport(handle, "rte_vmbus_sub_channel_index");
    }

    /// <summary>The file that was loaded.</summary>
    public string Path { get; }

    /// <summary>
    /// <c>int rte_vmbus_chan_send(chan, uint16_t type, void *data, uint32_t length, uint64_t transaction, uint32_t flags,
    /// bool *need_signal)</c>
    /// </summary>
    public nint Send { get; }

    /// <summary><c>int rte_vmbus_chan_recv(chan, void *data, uint32_t *length, uint64_t *transaction)</c>: the payload only.</summary>
    public nint Receive { get; }

    /// <summary><c>int rte_vmbus_chan_recv_raw(chan, void *data, uint32_t *length)</c>: descriptor and all, no signal.</summary>
    public nint ReceiveRaw { get; }

    /// <summary><c>bool rte_vmbus_chan_rx_empty(chan)</c></summary>
    public nint IsReceiveEmpty { get; }

    /// <summary><c>void rte_vmbus_chan_signal_tx(chan)</c></summary>
    public nint SignalSend { get; }

    /// <summary><c>void rte_vmbus_chan_signal_read(chan, uint32_t bytes_read)</c></summary>
    public nint SignalRead { get; }

    /// <summary><c>void rte_vmbus_set_latency(device, chan, uint32_t nanoseconds)</c></summary>
    public nint SetLatency { get; }

    /// <summary><c>uint16_t rte_vmbus_sub_channel_index(chan)</c></summary>
    public nint SubChannelIndex { get; }

    /// <summary>Loads the library where it is installed.</summary>
    /// <param name="library">The library.</param>
    /// <param name="whyNot">Why it is not there, and how to get it.</param>
    /// <returns>Whether it was loaded.</returns>
    public static bool TryLoad([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DpdkLibrary? library, out string whyNot)
    {
        library = null;
        whyNot = "";
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            whyNot = "The layout of DPDK's private structs is known for Linux on x86-64 only.";
            return false;
        }
        try
        {
            library = new DpdkLibrary(NativeLibrary.Load(FileName));
            return true;
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            // Among the loader's advice, the line that says what went wrong with the file.
            string reason = failure.Message.Split('\n').FirstOrDefault(line => line.Contains($"{FileName}: ", StringComparison.Ordinal)) ?? failure.Message;
            whyNot = $"DPDK's {FileName} (Debian's librte-bus-vmbus23) cannot be loaded; bench/install-peers.sh installs it ({reason}).";
            return false;
        }
    }

    private static string? LoadedPath() =>
        File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .FirstOrDefault(path => path.Contains("librte_bus_vmbus.so", StringComparison.Ordinal));
}

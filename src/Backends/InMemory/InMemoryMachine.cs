// A whole machine in this process: hypervisor, host, one guest, and the bus between them, spoken as on any other.

using VmBus.Guests;
using VmBus.Hosting;

namespace VmBus.InMemory;

/// <summary>
/// A hypervisor with a host and a guest. Devices are offered on <see cref="Host"/>; the guest connects with
/// <see cref="ConnectAsync"/>, as often as it likes, one connection at a time.
/// </summary>
public sealed class InMemoryMachine : IAsyncDisposable
{
    private const int HostMemorySize = 1 << 20;

    private readonly InMemoryGuestPlatform _platform;
    private bool _disposed;

    /// <summary>Makes a machine whose guest has not connected.</summary>
    /// <param name="options">How it is set up; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public InMemoryMachine(InMemoryMachineOptions? options = null)
    {
        Options = options ?? new InMemoryMachineOptions();
        Hypervisor = new Hypervisor(Options.Hypervisor);
        try
        {
            HostPartition = Hypervisor.CreatePartition(HostMemorySize);
            GuestPartition = Hypervisor.CreatePartition(Options.GuestMemorySize, Options.GuestVpCount);
            _platform = new InMemoryGuestPlatform(GuestPartition, Options.DispatchMode, Options.ScatterPages);
            Host = new HostBus(new InMemoryGuestPartition(HostPartition, GuestPartition), Options.Host);
        }
        catch
        {
            _platform?.Dispose();
            Hypervisor.Dispose();
            throw;
        }
    }

    /// <summary>How it was set up.</summary>
    public InMemoryMachineOptions Options { get; }

    /// <summary>The hypervisor.</summary>
    internal Hypervisor Hypervisor { get; }

    /// <summary>The host's partition: the root.</summary>
    internal Partition HostPartition { get; }

    /// <summary>The guest's partition.</summary>
    internal Partition GuestPartition { get; }

    /// <summary>What the guest has of the hypervisor.</summary>
    public IGuestPlatform Platform => _platform;

    /// <summary>The host's end of the bus.</summary>
    public HostBus Host { get; private set; }

    /// <summary>Connects the guest.</summary>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection; dispose it before the machine.</returns>
    /// <exception cref="GuestBusException">The host refuses, or does not answer.</exception>
    public Task<GuestBus> ConnectAsync(GuestBusOptions? options = null, CancellationToken cancellationToken = default) =>
        GuestBus.ConnectAsync(Platform, options, cancellationToken);

    /// <summary>Saves the host's end of the bus and takes it down, without the guest noticing.</summary>
    /// <returns>The state, for <see cref="RestoreHost"/>.</returns>
    public async Task<byte[]> SaveHostAsync()
    {
        byte[] state = await Host.SaveAsync().ConfigureAwait(false);
        await Host.DisposeAsync().ConfigureAwait(false);
        return state;
    }

    /// <summary>Puts a host's end of the bus that goes on where one was saved in the place of <see cref="Host"/>.</summary>
    /// <param name="state">What <see cref="SaveHostAsync"/> gave.</param>
    /// <returns>The new <see cref="Host"/>: offer its devices again, then complete the restore.</returns>
    /// <exception cref="Protocol.SavedStateException">The state cannot be restored.</exception>
    public HostBus RestoreHost(ReadOnlySpan<byte> state) =>
        Host = HostBus.Restore(new InMemoryGuestPartition(HostPartition, GuestPartition), state, Options.Host);

    /// <summary>Takes the bus down, then the guest and the hypervisor.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await Host.DisposeAsync().ConfigureAwait(false);
        _platform.Dispose();
        Hypervisor.Dispose();
    }
}

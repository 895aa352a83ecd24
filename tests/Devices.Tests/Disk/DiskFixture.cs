using VmBus.InMemory;

namespace VmBus.Devices.Tests.Disk;

/// <summary>A machine with a controller, a disk at LUN 0, and a guest that has it open.</summary>
internal sealed class DiskFixture : IAsyncDisposable
{
    private DiskFixture(InMemoryMachine machine, ScsiController controller, MemoryDisk disk)
    {
        Machine = machine;
        Controller = controller;
        Disk = disk;
    }

    public InMemoryMachine Machine { get; }

    public ScsiController Controller { get; }

    public MemoryDisk Disk { get; }

    public StorageGuest Guest { get; private set; } = null!;

    public static async Task<DiskFixture> MakeAsync(MemoryDisk? disk = null, ScsiControllerOptions? options = null, bool negotiates = true, TimeProvider? clock = null)
    {
        var machine = new InMemoryMachine(new InMemoryMachineOptions { GuestMemorySize = 16 << 20, GuestVpCount = 2 });
        try
        {
            options ??= new ScsiControllerOptions { OfferSubchannel = (offer, device) => machine.Host.OfferAsync(offer, device) };
            var fixture = new DiskFixture(machine, new ScsiController(options) { Clock = clock ?? TimeProvider.System }, disk ?? new MemoryDisk(2048));
            fixture.Controller.Attach(0, fixture.Disk);
            await machine.Host.OfferAsync(ScsiController.Offer(), fixture.Controller);
            fixture.Guest = await StorageGuest.OpenAsync(machine, negotiates: negotiates);
            return fixture;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for what another thread does.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(1, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Guest.DisposeAsync();
        await Machine.DisposeAsync();
    }
}

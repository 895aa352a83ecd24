// A host of one's own, over the public API alone, with the keyboard of samples/Keyboard: what a stock kernel types is what it was sent.

using System.Text;
using VmBus.Hosting;
using VmBus.Integration;
using VmBus.Kvm;
using VmBus.Samples;

namespace VmBus.SystemTest;

/// <summary>
/// Boots a kernel with a keyboard and a heartbeat, and prints its console. A line <c>@type TEXT</c> of the guest's has the keyboard type
/// the text; from <c>@suspends</c> to <c>@woken</c> it presses Enter again and again, since nothing tells a host that its guest sleeps.
/// </summary>
internal sealed class KeyboardHost
{
    private static readonly TimeSpan BetweenKeys = TimeSpan.FromSeconds(3);

    private readonly KeyboardDevice _keyboard = new();
    private readonly StringBuilder _line = new();
    private volatile bool _isAsleep;

    public static async Task<int> RunAsync(string kernel, string initialDisk, string commandLine)
    {
        var program = new KeyboardHost();
        using var machine = new LinuxMachine(new LinuxMachineOptions
        {
            Kernel = File.ReadAllBytes(kernel),
            InitialDisk = File.ReadAllBytes(initialDisk),
            CommandLine = commandLine,
            Partition = new KvmPartitionOptions { MemorySize = 512 << 20, VpCount = 2 },
            Console = program.Take,
        });
        await using HostBus host = machine.Partition.CreateHost();
        host.DeviceFailed += (_, failed) => Console.WriteLine($"FAILED: {failed.Operation}: {failed.Exception}");
        await using OfferedChannel keyboard = await program._keyboard.OfferAsync(host);
        await using OfferedChannel heartbeat = await host.OfferAsync(HeartbeatHost.Offer, new IntegrationDevice<HeartbeatHost>(() => new HeartbeatHost()));
        machine.Start();
        GuestEnd end = await machine.Ended;
        Console.WriteLine($"the guest ended: {end}; {program._keyboard.Rejected} packets of it made no sense to the keyboard");
        return end.WantsRestart && program._keyboard.Rejected == 0 ? 0 : 1;
    }

    // On the thread of the VP that writes.
    private void Take(byte character)
    {
        if (character is not (byte)'\n')
        {
            if (character is not (byte)'\r')
                _line.Append((char)character);
            return;
        }

        string line = _line.ToString();
        _line.Clear();
        Console.WriteLine(line);
        if (line.StartsWith("@type ", StringComparison.Ordinal))
        {
            _keyboard.Type($"{line[6..]}\n");
        }
        else if (line.StartsWith("@suspends", StringComparison.Ordinal))
        {
            _isAsleep = true;
            _ = PressAsync();
        }
        else if (line.StartsWith("@woken", StringComparison.Ordinal))
        {
            _isAsleep = false;
        }
    }

    private async Task PressAsync()
    {
        using var timer = new PeriodicTimer(BetweenKeys);
        while (await timer.WaitForNextTickAsync() && _isAsleep)
            _keyboard.Type("\n");
    }
}

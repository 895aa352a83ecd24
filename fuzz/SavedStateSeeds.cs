// The seeds of the saved states' target: a host and a guest in several conditions, saved, with the head and without.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>Writes <c>savedstate/seed-*</c>: two ends that talk to each other, saved wherever it gets interesting.</summary>
internal sealed class SavedStateSeeds
{
    private const uint Relid = 1;

    private readonly string _directory;
    private readonly ManualClock _clock = new();
    private readonly HostProtocol _host;
    private readonly GuestProtocol _guest;

    private SavedStateSeeds(string directory)
    {
        _directory = directory;
        _host = new HostProtocol(new HostProtocolOptions(), _clock);
        _guest = new GuestProtocol(new GuestProtocolOptions(), _clock);
    }

    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        new SavedStateSeeds(directory).Write();
    }

    private void Write()
    {
        Save("new");
        OfferId first = Offer(1);
        Offer(2);
        _guest.Connect(new GuestPages(0, 0x1000, 0x2000));
        Save("contact");
        Talk();
        _guest.RequestOffers();
        Save("offers-wanted");
        Talk();
        uint rings = _guest.CreateGpadl(Relid, [GpadlRange.OfPages(0x10000, 8)]);
        Talk();
        _guest.CreateGpadl(2, [GpadlRange.OfPages(0x20000, 60)]);
        Post();
        Save("half-sent");
        Talk();
        _guest.Open(Relid, new GuestOpenRequest { Gpadl = rings, DownstreamPageOffset = 4 });
        Post();
        Save("opening");
        Talk();
        Save("open");
        _guest.ModifyChannel(Relid, 1);
        Post();
        Save("moving");
        Talk();
        _guest.Pause();
        Talk();
        Offer(3);
        _guest.ConnectTransport(SavedStateTarget.Device, SavedStateTarget.Device, Guid.Empty);
        Save("paused");
        _guest.Resume();
        Post();
        Post();
        Save("socket-wanted");
        Talk();
        _host.Revoke(first);
        Save("revoked");
        Talk();
        Save("rescinded");
        _guest.Unload();
        Post();
        Save("leaving");
    }

    private OfferId Offer(int instance) => _host.Offer(new HostOffer(SavedStateTarget.Device, new Guid(instance, 0, 0, new byte[8])) { MonitorLatency = TimeSpan.FromMicroseconds(100) });

    private bool Post()
    {
        if (!_guest.TryPeekPost(out QueuedMessage message))
            return false;
        _guest.CompletePost(HypercallStatus.Success);
        _host.Receive(message.Bytes.Span);
        return true;
    }

    private void Talk()
    {
        for (bool moved = true; moved;)
        {
            moved = Post();
            while (_host.TryTakeAction(out HostAction action))
                SavedStateTarget.Answer(_host, action);
            while (_host.TryPeekPost(out QueuedMessage message))
            {
                _host.CompletePost(HypercallStatus.Success);
                _guest.Receive(message.Bytes.Span);
                moved = true;
            }
            while (_guest.TryTakeEvent(out _))
            {
            }
        }
    }

    private void Save(string name)
    {
        Save($"host-{name}", 0, _host.Save());
        Save($"guest-{name}", SavedStateTarget.GuestSide, _guest.Save());
    }

    private void Save(string name, byte options, byte[] state)
    {
        File.WriteAllBytes(Path.Combine(_directory, "seed-" + name), [(byte)(options | SavedStateTarget.Headless), .. state.AsSpan(SavedStateFormat.HeadSize)]);
        if (name is "host-open" or "guest-open")
            File.WriteAllBytes(Path.Combine(_directory, $"seed-{name}-whole"), [options, .. state]);
    }
}

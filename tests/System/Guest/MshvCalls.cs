using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.SystemTest;

/// <summary>
/// Every call of MshvSint and MshvPartition through this kernel, to devices that stand for the hypervisor's: the numbers and
/// bytes that cross, and what is made of answers. What the hypervisor would do is not tested.
/// </summary>
internal static class MshvCalls
{
    private const string SignalEvent = "4008b822", PostMessage = "4018b823", SetEventFd = "4008b824", Pause = "4008b825", RootHypercall = "c020b807";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    public static void Run()
    {
        Steps.Run("insmod", "/modules/cuse.ko");
        using (MshvStandIn device = new("mshv_sint"))
        using (MshvSint sint = MshvSint.Open(device.Path))
        {
            Signals(device, sint);
            Posts(device, sint);
            Events(device, sint);
            Messages(device, sint);
            sint.Dispose();
            device.Finish();
        }
        using (MshvStandIn device = new("mshv_partition"))
        using (MshvPartition partition = new(DeviceFile.Open(device.Path)))
        {
            Partition(device, partition);
            partition.Dispose();
            device.Finish();
        }
    }

    private static void Signals(MshvStandIn device, MshvSint sint)
    {
        device.Answer(0);
        Require(sint.SignalEvent(0x2005, 3) == HypercallStatus.Success, "a signal failed");
        device.ExpectCall(SignalEvent, "0520000003000000");
        Require(sint.CreateSignalPath(7).Signal() == HypercallStatus.Success, "a signal of a path failed");
        device.ExpectCall(SignalEvent, "0700000000000000");

        (Errno Errno, HypercallStatus Status)[] answers =
        [
            (Errno.InvalidArgument, HypercallStatus.InvalidConnectionId), (Errno.OutOfMemory, HypercallStatus.InsufficientMemory),
            (Errno.AccessDenied, HypercallStatus.AccessDenied), (Errno.InputOutput, HypercallStatus.OperationDenied),
            (Errno.NotSupported, HypercallStatus.InvalidHypercallCode),
        ];
        foreach ((Errno errno, HypercallStatus status) in answers)
        {
            device.Answer(-(int)errno);
            Require(sint.SignalEvent(7) == status, $"{errno} of a signal is not {status}");
            device.Call();
        }
        device.Answer(-(int)Errno.NoSuchControl);
        RequireErrno(Errno.NoSuchControl, () => sint.SignalEvent(7));
        Require(sint.CreateSignalPath(7).Signal() == HypercallStatus.OperationDenied, "a path's signal that nobody made is no failure");
        device.Call();
        device.Call();
        Console.WriteLine("signals: by a call and by a path, 6 errnos");
    }

    private static void Posts(MshvStandIn device, MshvSint sint)
    {
        device.Answer(0);
        foreach (int length in (int[])[0, 1, 240])
        {
            byte[] payload = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
            Require(sint.PostMessage(4, SynicMessageType.Channel, payload) == HypercallStatus.Success, "a post failed");
            (string number, string argument, string bytes) = device.Call();
            Require(number == PostMessage && argument.Length == 48 && argument[..32] == $"010000000000000004000000{length:x2}000000", $"a post was {number} {argument}");
            Require(bytes == (length == 0 ? "-" : Convert.ToHexStringLower(payload)), $"{length} bytes were posted as {bytes}");
        }
        device.Answer((int)HypercallStatus.InsufficientBuffers);
        Require(sint.PostMessage(4, SynicMessageType.Channel, [1]) == HypercallStatus.InsufficientBuffers, "a post's status is another");
        device.Call();
        device.Answer(-(int)Errno.BadAddress);
        RequireErrno(Errno.BadAddress, () => sint.PostMessage(4, SynicMessageType.Channel, [1]));
        device.Call();
        Console.WriteLine("posts: of 0, 1 and 240 bytes, a status, an errno");
    }

    private static void Events(MshvStandIn device, MshvSint sint)
    {
        device.Answer(0);
        using (EventFd signal = EventFd.Create())
        {
            sint.ConnectEvent(2047, signal);
            device.ExpectCall(SetEventFd, $"{signal.Descriptor:x2}000000ff070000");
            device.Tell("flag 2047");
            Require(Poll.Wait(signal.Descriptor, PollEvents.In, Patience) == PollEvents.In && signal.TryConsume(out ulong count) && count == 1, "the event was not signalled");
            sint.ConnectEvent(2047, null);
            device.ExpectCall(SetEventFd, "ffffffffff070000");
        }
        device.Answer(-(int)Errno.InvalidArgument);
        RequireErrno(Errno.InvalidArgument, () => sint.ConnectEvent(2048, null));
        device.ExpectCall(SetEventFd, "ffffffff00080000");
        Console.WriteLine("an event flag signalled its event");
    }

    private static void Messages(MshvStandIn device, MshvSint sint)
    {
        Require(sint.ReadMessage(out _) == MshvMessageRead.Paused && sint.WaitForMessage(Patience), "the stream is not paused at first");
        device.Answer(0);
        sint.PauseMessages(false);
        device.ExpectCall(Pause, "0000000000000000");
        Require(sint.ReadMessage(out _) == MshvMessageRead.Empty && !sint.WaitForMessage(TimeSpan.Zero), "there is a message already");

        // One that sleeps is woken by a message, and by a pause.
        foreach (bool pause in (bool[])[false, true])
        {
            Task<bool> wait = Task.Run(() => sint.WaitForMessage(Patience));
            if (pause)
                sint.PauseMessages(true);
            else
                device.Tell("message " + Message());
            Require(wait.Wait(Patience) && wait.Result, "the wait was not woken");
            if (pause)
                device.ExpectCall(Pause, "0100000000000000");
            else
                Require(sint.ReadMessage(out SynicMessage message) == MshvMessageRead.Message && message is { Header: { MessageType: SynicMessageType.Channel, PayloadSize: 240 } }
                    && message.Payload[0] == 0x0807060504030201 && sint.ReadMessage(out _) == MshvMessageRead.Empty, "the message is another");
        }
        Require(sint.ReadMessage(out _) == MshvMessageRead.Paused, "the stream is not paused");
        device.Tell("message 0102");
        try
        {
            sint.ReadMessage(out _);
            throw new FailedException("two bytes are a message");
        }
        catch (InvalidDataException error)
        {
            Console.WriteLine(error.Message);
        }
        device.Answer(-(int)Errno.InputOutput);
        RequireErrno(Errno.InputOutput, () => sint.PauseMessages(false));
        device.Call();

        static string Message() => "01000000f0000000" + new string('0', 16) + Convert.ToHexStringLower([.. Enumerable.Range(1, 240).Select(i => (byte)i)]);
    }

    private static void Partition(MshvStandIn device, MshvPartition partition)
    {
        device.Answer(0, output: "01");
        Require(partition.SignalEvent(3, 2, 0x123, out bool newly, vtl: 1) == HypercallStatus.Success && newly, "a direct signal failed");
        RequireHypercall("c00000001000080000000000", "0000000000000000030000000102" + "2301");
        device.Answer(0, output: "00");
        Require(partition.SignalEvent(3, 2, 0x123, out newly) == HypercallStatus.Success && !newly, "a flag that was set is newly set");
        RequireHypercall("c00000001000080000000000", "0000000000000000030000000002" + "2301");

        // With a status comes an errno made of it; without one, the errno is all there is.
        device.Answer(-(int)Errno.InputOutput, (int)HypercallStatus.InvalidSynicState, "01");
        Require(partition.SignalEvent(3, 2, 1, out newly) == HypercallStatus.InvalidSynicState && !newly, "a status is another");
        device.Call();
        device.Answer(-(int)Errno.OperationNotPermitted);
        RequireErrno(Errno.OperationNotPermitted, () => partition.SignalEvent(3, 2, 1, out _));
        device.Call();

        device.Answer(0);
        SynicMessage message = new() { Header = { MessageType = SynicMessageType.Channel, PayloadSize = 8 } };
        message.Payload[0] = 0x1122334455667788;
        Require(partition.PostMessage(1, 7, message) == HypercallStatus.Success, "a direct post failed");
        RequireHypercall("c10000001801000000000000",
            "0000000000000000" + "0100000000000000" + "07000000" + "0100000008000000" + "0000000000000000" + "8877665544332211" + new string('0', 2 * 236));

        // The largest of all: a page each way.
        byte[] page = [.. Enumerable.Range(0, 4096).Select(i => (byte)i)], output = new byte[4096];
        device.Answer(0, output: Convert.ToHexStringLower(page));
        Require(partition.Call((HypercallCode)0x7F, page, output) == HypercallStatus.Success && output.AsSpan().SequenceEqual(page), "a page did not come back");
        RequireHypercall("7f0000000010001000000000", Convert.ToHexStringLower(page));
        Console.WriteLine("hypercalls for a partition: 6, of up to a page each way");

        void RequireHypercall(string head, string input)
        {
            (string number, string argument, string payload) = device.Call();
            Require(number == RootHypercall && argument.Length == 64 && argument.StartsWith(head, StringComparison.Ordinal), $"a hypercall was {number} {argument}");
            Require(payload == input, $"a hypercall's input was {payload}");
        }
    }

    private static void RequireErrno(Errno errno, Action call)
    {
        try
        {
            call();
        }
        catch (ErrnoException error) when (error.Errno == errno)
        {
            return;
        }
        throw new FailedException($"a call that fails with {errno} says nothing of it");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new FailedException(otherwise);
    }
}

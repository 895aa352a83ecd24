using System.Net.Sockets;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// A process that takes a channel, or offers one, and then does to its memory, its pipes and its socket what a process can. How it
/// ends is a part of that.
/// </summary>
internal sealed class HostileProcess(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>The guest of a host at a path: several channels in a life.</summary>
    public void PlayGuest(string path)
    {
        for (int channels = _random.Next(1, 12); channels > 0; channels--)
        {
            if (Connect(path) is not { } socket)
                return;
            int[] descriptors = new int[SharedChannelPlan.DescriptorCount];
            byte[] message = new byte[SharedChannelPlan.MessageLength];
            // Gone before it was answered.
            if (_random.Next(12) == 0)
            {
                socket.Dispose();
                continue;
            }

            if (TryReceive(socket, message, descriptors))
                Abuse(socket, SharedChannelPlan.ReadFrom(message), descriptors);
            else
                socket.Dispose();
        }
    }

    /// <summary>A host at a path, whose plans may be none.</summary>
    public async Task PlayHostAsync(string path)
    {
        for (int channels = _random.Next(1, 12); channels > 0; channels--)
        {
            UnixFdSocket socket;
            using (LocalListener listener = LocalListener.Listen(path))
            using (Socket client = await listener.AcceptAsync(CancellationToken.None))
                socket = UnixFdSocket.CopyOf(client.SafeHandle);
            Offer(socket);
        }
    }

    private void Offer(UnixFdSocket socket)
    {
        int ringSize = 4096 << _random.Next(4);
        var plan = new SharedChannelPlan(_random.Next(6) == 0 ? 4096L * _random.Next(-2, 40) : 0, ringSize, 1, 0, 0, AdaptiveSpin: true);
        byte[] message = new byte[SharedChannelPlan.MessageLength];
        plan.WriteTo(message);
        bool isGood = plan.Start == 0;
        if (_random.Next(4) == 0)
        {
            isGood = false;
            _random.NextBytes(message.AsSpan(4 * _random.Next(message.Length / 4), 4));
        }

        int[] descriptors =
        [
            _random.Next(8) switch { 0 => Raw.Unsealed(plan.Length), 1 => Raw.Null(), _ => Raw.Keep(MemfdHandle.Create("vmbus-hostile", plan.Length)) },
            _random.Next(8) == 0 ? Raw.Null() : Raw.Keep(SignalPipe.Create()),
            _random.Next(8) == 0 ? Raw.Null() : Raw.Keep(SignalPipe.Create()),
        ];
        int told = _random.Next(8) == 0 ? _random.Next(descriptors.Length) : descriptors.Length;
        int bytes = _random.Next(8) == 0 ? _random.Next(1, message.Length) : message.Length;
        try
        {
            socket.Send(message.AsSpan(0, bytes), descriptors.AsSpan(0, told));
        }
        catch (ErrnoException)
        {
            // The other side is gone.
        }

        if (isGood && told == descriptors.Length && bytes == message.Length && Raw.IsSealed(descriptors[0]))
        {
            Abuse(socket, plan, descriptors);
            return;
        }

        // The rest of what was begun does not come.
        if (_random.Next(3) == 0)
            Thread.Sleep(_random.Next(500));
        foreach (int descriptor in descriptors)
            Raw.Close(descriptor);
        socket.Dispose();
    }

    private void Abuse(UnixFdSocket socket, in SharedChannelPlan plan, int[] descriptors)
    {
        MappedMemory memory;
        using (MemfdHandle memfd = MemfdHandle.Adopt(Raw.Duplicate(descriptors[0])))
            memory = MappedMemory.Map(memfd, plan.Start, plan.Length);
        var abuse = new MemoryAbuse(_random, memory, plan);
        for (int steps = _random.Next(20, 600); steps > 0; steps--)
        {
            switch (_random.Next(16))
            {
                case 0:
                    Raw.Spoil(descriptors[_random.Next(1, 3)], _random);
                    break;
                case 1:
                    Raw.Resize(descriptors[0], plan.Length, _random);
                    break;
                case 2:
                    Raw.SendNoise(socket, _random, descriptors);
                    break;
                case 3:
                    Thread.Sleep(_random.Next(10));
                    break;
                default:
                    abuse.Step();
                    Raw.Signal(descriptors[_random.Next(1, 3)]);
                    break;
            }
        }

        switch (_random.Next(8))
        {
            case 0:
                // SIGKILL, in the middle of it.
                Raw.KillSelf();
                break;
            case 1:
                Environment.Exit(3);
                break;
            case 2:
                // Alive, silent, until it is killed.
                Thread.Sleep(Timeout.Infinite);
                break;
            case 3:
                // The memory stays mapped, and the pipes stay.
                socket.Dispose();
                return;
        }

        foreach (int descriptor in descriptors)
            Raw.Close(descriptor);
        memory.Dispose();
        socket.Dispose();
    }

    private static bool TryReceive(UnixFdSocket socket, byte[] message, int[] descriptors)
    {
        try
        {
            return socket.Receive(message, descriptors, out int count) == message.Length && count == descriptors.Length;
        }
        catch (ErrnoException)
        {
            // The other side is gone.
            return false;
        }
    }

    private static UnixFdSocket? Connect(string path)
    {
        for (int tries = 0; tries < 1000; tries++)
        {
            try
            {
                return UnixFdSocket.Connect(path);
            }
            catch (ErrnoException)
            {
                // Between two channels nothing listens there.
                Thread.Sleep(5);
            }
        }

        return null;
    }
}

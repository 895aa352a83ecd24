using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;
using static VmBus.Core.Tests.IntegrationComponents.FileCopyMessages;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>
/// Law: whatever a host sends, in whatever order, a guest does what a model of a few lines does: a file is there exactly when all
/// its bytes came and it was completed, with those bytes, and nothing is ever open but the copy under way.
/// </summary>
public class FileCopyPropertyTests
{
    private const int MostBytes = 40;

    public enum Kind
    {
        Start,
        Piece,
        OddPiece,
        Complete,
        Cancel,
        Negotiate,
        Wait,
        Noise,
    }

    public sealed record Step(Kind Kind, int A, int B, int C);

    [Property(MaxTest = 2000, Arbitrary = [typeof(Arbitraries)])]
    public void A_guest_does_what_the_model_does(Step[] steps)
    {
        var shelf = new FileShelf();
        var clock = new FakeTimeProvider();
        FileCopyGuest guest = new FileCopyGuest(shelf, new FileCopyGuestOptions { Clock = clock }).Negotiated();
        byte[]? bytes = null;
        bool[] came = [];
        string name = "";
        int waited = 0;
        Dictionary<string, byte[]> files = [];
        foreach (Step step in steps)
        {
            if (waited >= 60)
                bytes = null;
            switch (step.Kind)
            {
                case Kind.Start:
                    string wanted = $"{step.A % 3}";
                    bool taken = bytes is null && !files.ContainsKey(wanted);
                    IcStatus expected = bytes is not null ? IcStatus.Fail : taken ? IcStatus.Success : IcStatus.AlreadyExists;
                    Assert.Equal(expected, guest.Send(Start(wanted, "", (ulong)(step.B % MostBytes))));
                    if (taken)
                        (name, bytes, came, waited) = (wanted, new byte[step.B % MostBytes], new bool[step.B % MostBytes], 0);
                    break;
                case Kind.Piece when bytes is { Length: > 0 }:
                    int at = step.A % bytes.Length, length = step.B % (bytes.Length - at + 1);
                    byte[] piece = [.. Enumerable.Repeat((byte)step.C, length)];
                    Assert.Equal(IcStatus.Success, guest.Send(Write((ulong)at, piece)));
                    piece.CopyTo(bytes, at);
                    came.AsSpan(at, length).Fill(true);
                    waited = 0;
                    break;
                case Kind.Piece or Kind.OddPiece:
                    int beyond = (bytes?.Length ?? 0) + 1 + step.A % 9;
                    byte[] odd = step.C % 3 == 0 ? Write((ulong)beyond, new byte[4]) : step.C % 3 == 1 ? Write(0, new byte[beyond]) : Write(0, new byte[3], 4 + (uint)step.B);
                    Assert.Equal(bytes is null ? IcStatus.Fail : IcStatus.InvalidArgument, guest.Send(odd));
                    bytes = null;
                    break;
                case Kind.Complete:
                    bool whole = bytes is not null && !came.Contains(false);
                    Assert.Equal(whole ? IcStatus.Success : IcStatus.Fail, guest.Send(Complete));
                    if (whole)
                        files[name] = bytes!;
                    bytes = null;
                    break;
                case Kind.Cancel:
                    Assert.Equal(IcStatus.Success, guest.Send(Cancel));
                    bytes = null;
                    break;
                case Kind.Negotiate:
                    guest.Negotiated();
                    bytes = null;
                    break;
                case Kind.Wait:
                    clock.Advance(TimeSpan.FromSeconds(step.A % 40));
                    waited += step.A % 40;
                    if (step.B % 2 == 0)
                        guest.DoWhatIsDue();
                    break;
                default:
                    byte[] noise = new byte[step.A % 120];
                    new Random(step.B).NextBytes(noise);
                    guest.Handle(noise, new byte[noise.Length]);
                    break;
            }

            Assert.True(waited < 60 ? shelf.Open == (bytes is null ? 0 : 1) : shelf.Open <= 1);
            Assert.Equal(files.Keys.Order(), shelf.Files.Keys.Order());
        }

        guest.Close();
        Assert.Equal(0, shelf.Open);
        Assert.All(files, file => Assert.Equal(file.Value, shelf.Files[file.Key]));
    }

    internal static class Arbitraries
    {
        public static Arbitrary<Step> Steps() => (
            from kind in Gen.Frequency(
                (6, Gen.Constant(Kind.Start)), (12, Gen.Constant(Kind.Piece)), (1, Gen.Constant(Kind.OddPiece)), (5, Gen.Constant(Kind.Complete)),
                (1, Gen.Constant(Kind.Cancel)), (1, Gen.Constant(Kind.Negotiate)), (2, Gen.Constant(Kind.Wait)), (2, Gen.Constant(Kind.Noise)))
            from a in Gen.Choose(0, 1000)
            from b in Gen.Choose(0, 1000)
            from c in Gen.Choose(0, 255)
            select new Step(kind, a, b, c)).ToArbitrary();
    }
}

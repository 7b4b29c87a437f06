import "@medspasync/kit/styles";
import { start } from "@medspasync/kit";
import { lazy, Suspense } from "react";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import "./i18n";

const Kiosk = lazy(() => import("./kiosk/Kiosk"));
const Tablet = lazy(() => import("./tablet/Shell"));
const Schedule = lazy(() => import("./tablet/SchedulePage"));
const Checklist = lazy(() => import("./tablet/checklist/ChecklistPage"));
const Waitlist = lazy(() => import("./tablet/waitlist/WaitlistPage"));
const Captures = lazy(() => import("./tablet/CapturesPage"));
const Progress = lazy(() => import("./tablet/progress/ProgressPage"));
const Erasures = lazy(() => import("./tablet/erasure/ErasuresPage"));
const Registry = lazy(() => import("./tablet/registry/RegistryPage"));
const Review = lazy(() => import("./tablet/review/ReviewPage"));

const router = createBrowserRouter([
  { path: "/kiosk", element: <Kiosk /> },
  {
    path: "/tablet",
    element: <Tablet />,
    children: [
      { index: true, element: <Schedule /> },
      { path: "checklist", element: <Checklist /> },
      { path: "waitlist", element: <Waitlist /> },
      { path: "captures", element: <Captures /> },
      { path: "captures/:id", element: <Captures /> },
      { path: "progress", element: <Progress /> },
      { path: "progress/:id", element: <Progress /> },
      { path: "erasures", element: <Erasures /> },
      { path: "clinic", element: <Registry /> },
      { path: "review", element: <Review /> },
      { path: "review/:id", element: <Review /> },
    ],
  },
  { path: "*", element: <Navigate to="/tablet" replace /> },
]);

start(
  <Suspense fallback={null}>
    <RouterProvider router={router} />
  </Suspense>,
);
